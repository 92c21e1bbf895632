import type { Endpoint } from "../../core/endpoint.ts";
import type { Protocol } from "../../core/mapping.ts";
import type { Platform } from "../../core/platform.ts";
import { findEndpoint, type FindOptions } from "../find_endpoint.ts";
import { type FindQuestion, type Found, NotFoundError } from "../found.ts";
import { subjectOf } from "../reach.ts";
import { EndpointFollower } from "./endpoint_follower.ts";
import { type AccessParts, TcpAccess } from "./tcp_access.ts";
import { UdpAccess } from "./udp_access.ts";

/** Options for {@linkcode openAccess}. */
export interface OpenAccessOptions {
  /** Sockets, timers, randomness, log. */
  readonly platform: Platform;
  /** How it is looked up. */
  readonly find: Pick<FindOptions, "dns" | "system">;
  /** What the port is for. */
  readonly protocol: Protocol;
  /** Where clients come; port 0 takes any. */
  readonly listen: Endpoint;
  /** For connecting, in milliseconds. */
  readonly timeoutMs: number;
  /** It was found, or is elsewhere now. Must not block. */
  readonly onFound: (found: Found, previous: Endpoint | undefined) => void;
  /** It cannot be found now. Must not block. */
  readonly onTrouble: (error: unknown) => void;
}

/** A local port that always leads to where a service is. Disposing closes it. */
export interface Access extends AsyncDisposable {
  /** With the real port. */
  readonly listen: Endpoint;
}

/**
 * Opens a local port that leads to a service, wherever it moves: it is looked up when its records are old, and past
 * caches when it does not answer. TCP connections that stand live on; UDP clients go along.
 *
 * @throws {Error} With the kernel's code if the port cannot be bound.
 */
export async function openAccess(question: FindQuestion, options: OpenAccessOptions): Promise<Access> {
  const { platform, find, protocol, listen, timeoutMs, onFound, onTrouble } = options;
  await using rollback = new AsyncDisposableStack();
  const follower = rollback.use(
    new EndpointFollower({
      platform,
      find: async (isFresh, signal) => {
        const found = await findEndpoint(question, { ...find, platform, isFresh, signal });
        refuseWorse(found, { question, previous: follower.found });
        return found;
      },
      onFound,
      onTrouble,
    }),
  );
  const parts: AccessParts = { platform, follower, subject: subjectOf(question), listen, timeoutMs };
  const port = rollback.use(await (protocol === "tcp" ? TcpAccess.open(parts) : UdpAccess.open(parts)));
  const stack = rollback.move();
  return { listen: port.listen, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/**
 * Refuses an answer that is another one only because the way that gave the last one could not be tried: that a TXT
 * record cannot be looked up for a moment does not move a service to its usual port.
 *
 * @throws {NotFoundError} If it is such a one.
 */
function refuseWorse(
  { via, warnings }: Found,
  { question, previous }: { readonly question: FindQuestion; readonly previous: Found | undefined },
): void {
  if (previous === undefined || previous.via === via) return;
  const reasons = warnings.flatMap((warning) =>
    warning.kind === "way-failed" && warning.way === previous.via ? [warning.reason] : []
  );
  if (reasons.length > 0) throw new NotFoundError(question, reasons, { isTemporary: true });
}
