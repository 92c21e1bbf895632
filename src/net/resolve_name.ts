import { orAborted } from "../core/aborting.ts";
import type { Clock } from "../core/clock.ts";
import { openDeadline } from "../core/deadline.ts";
import { canonicalAddress, type Family, familyOf } from "../core/endpoint.ts";
import { errorCode, errorMessage, TimeoutError } from "../core/errors.ts";
import { ResolveError } from "../core/net.ts";

/** A resolver that is silent for longer is as good as none: keepers try again by themselves. */
const RESOLVE_LIMIT_MS = 5000;

/** What {@linkcode resolveName} needs. */
export interface ResolveOptions {
  readonly family: Family;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks the system's resolver (which knows /etc/hosts and search domains); a literal gives itself.
 *
 * The system's call cannot be cancelled: after an abort or the limit it ends by itself in its own time.
 *
 * @returns Canonical addresses in the resolver's order, at least one, each once.
 * @throws {ResolveError} If the name does not resolve in this family, or not within 5 s.
 * @throws `signal.reason` if aborted.
 */
export async function resolveName(host: string, options: ResolveOptions): Promise<readonly string[]> {
  const { family, clock, signal } = options;
  signal?.throwIfAborted();
  const literal = canonicalAddress(host);
  if (literal !== undefined) {
    if (familyOf(literal) === family) return [literal];
    throw new ResolveError(host, `it is an IPv${familyOf(literal)} address, not an IPv${family} one`);
  }
  using deadline = openDeadline(RESOLVE_LIMIT_MS, { clock, signal });
  try {
    const found = await orAborted(lookUp(host, family), deadline.signal);
    const addresses = found.map(canonicalAddress).filter((address) => address !== undefined);
    if (addresses.length > 0) return [...new Set(addresses)];
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof TimeoutError) {
      throw new ResolveError(host, `no answer within ${RESOLVE_LIMIT_MS / 1000} s`, { cause: error });
    }
    const reason = errorCode(error) === "ENOTFOUND" ? `it has no IPv${family} address` : errorMessage(error);
    throw new ResolveError(host, reason, { cause: error });
  }
  throw new ResolveError(host, `it has no IPv${family} address`);
}

async function lookUp(host: string, family: Family): Promise<readonly string[]> {
  const { lookup } = await import("node:dns/promises");
  const { domainToASCII } = await import("node:url");
  // domainToASCII() gives "" for what is no internationalised name; the resolver may know it all the same.
  const found = await lookup(domainToASCII(host) || host, { all: true, family, verbatim: true });
  return found.map((entry) => entry.address);
}
