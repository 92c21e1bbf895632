import type { Endpoint } from "../../core/endpoint.ts";
import type { Protocol } from "../../core/mapping.ts";
import type { Platform } from "../../core/platform.ts";
import { findEndpoint, type FindOptions } from "../find_endpoint.ts";
import type { FindQuestion, Found } from "../found.ts";
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
      find: (isFresh, signal) => findEndpoint(question, { ...find, platform, isFresh, signal }),
      onFound,
      onTrouble,
    }),
  );
  const parts: AccessParts = { platform, follower, subject: subjectOf(question), listen, timeoutMs };
  const port = rollback.use(await (protocol === "tcp" ? TcpAccess.open(parts) : UdpAccess.open(parts)));
  const stack = rollback.move();
  return { listen: port.listen, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
