import { openDeadline } from "../core/deadline.ts";
import type { Endpoint, Family, HostPort } from "../core/endpoint.ts";
import { TimeoutError } from "../core/errors.ts";
import { ResolveError } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import { MinecraftDecodeError } from "./errors.ts";
import type { OfflineReason, QueryResult, ServerStatus } from "./server_status.ts";

/** Whom to ask, and with what. */
export interface QueryOptions {
  readonly platform: Pick<Platform, "net" | "clock">;
  /** Name or address, and port. */
  readonly server: HostPort;
  readonly family: Family;
  readonly signal: AbortSignal;
}

/** An exchange with one endpoint; whatever it throws is sorted by {@linkcode runQuery}. */
export type Exchange = (endpoint: Endpoint, signal: AbortSignal) => Promise<ServerStatus>;

/** Thrown where no connection came about. */
export class ConnectFailure extends Error {}

/**
 * Resolves the server, runs the exchange inside a limit, and says in one word what went wrong.
 *
 * @throws `signal.reason`, unchanged, if aborted; every other failure is a result.
 */
export async function runQuery(
  exchange: Exchange,
  options: QueryOptions & { readonly limitMs: number },
): Promise<QueryResult> {
  const { platform: { net, clock }, server, family, signal, limitMs } = options;
  signal.throwIfAborted();
  using deadline = openDeadline(limitMs, { clock, signal });
  try {
    const [address] = await net.resolve(server.host, family, deadline.signal);
    if (address === undefined) throw new ResolveError(server.host, "no address");
    return { kind: "online", status: await exchange({ address, port: server.port }, deadline.signal) };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return { kind: "offline", reason: reasonOf(error), cause: error };
  }
}

function reasonOf(error: unknown): OfflineReason {
  if (error instanceof MinecraftDecodeError) return error.fault;
  if (error instanceof TimeoutError) return "timeout";
  if (error instanceof ResolveError) return "DNS query failed";
  return error instanceof ConnectFailure ? "connect fail" : "OSError";
}

/** Waits for the outcome, or until the signal is aborted. */
export async function outcomeOrAbort<T>(outcome: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => aborted.reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([outcome, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
