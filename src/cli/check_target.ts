import { addressBytes, type Family, type HostPort } from "../core/endpoint.ts";
import type { Net } from "../core/net.ts";

/** Options for {@linkcode checkTarget}. */
export interface CheckTargetOptions {
  readonly net: Net;
  readonly signal: AbortSignal;
}

/**
 * Makes sure that the target's name resolves in one IP version at least. Later a forwarder waits for names that
 * come back; at the start it is a mistake.
 *
 * @throws {ResolveError}
 * @throws `signal.reason` if aborted.
 */
export async function checkTarget(target: HostPort, options: CheckTargetOptions): Promise<void> {
  const { net, signal } = options;
  if (addressBytes(target.host) !== undefined) return;
  const families: readonly Family[] = [4, 6];
  const results = await Promise.allSettled(
    families.map((family) => net.resolve(target.host, family, signal)),
  );
  signal.throwIfAborted();
  const [first] = results;
  if (first?.status === "rejected" && results.every(({ status }) => status === "rejected")) {
    throw first.reason;
  }
}
