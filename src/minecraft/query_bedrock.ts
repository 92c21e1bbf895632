import { unspecifiedAddress } from "../core/endpoint.ts";
import { errorCode, TimeoutError } from "../core/errors.ts";
import { decodePong, encodePing } from "./bedrock_ping.ts";
import { ConnectFailure, outcomeOrAbort, type QueryOptions, runQuery } from "./query.ts";
import type { QueryResult, ServerStatus } from "./server_status.ts";

/** Of the whole query. */
const LIMIT_MS = 10_000;
/** A datagram may be lost. */
const RESEND_MS = 1_000;

/**
 * Pings a Bedrock server over UDP, each second until it answers; 10 s at most. Only datagrams of the server itself
 * count, and one that cannot be read is the reason only if no better one follows.
 *
 * @throws `signal.reason`, unchanged, if aborted; every other failure is a result.
 */
export async function queryBedrock(options: QueryOptions): Promise<QueryResult> {
  const { platform: { net, clock }, family } = options;
  return await runQuery(async (remote, signal) => {
    const outcome = Promise.withResolvers<ServerStatus>();
    outcome.promise.catch(() => {});
    let lastFault: unknown;
    using socket = await net.openDatagram({
      local: { address: unspecifiedAddress(family), port: 0 },
      remote,
      onDatagram: (data) => {
        try {
          outcome.resolve(decodePong(data));
        } catch (error) {
          lastFault = error;
        }
      },
      onError: (error) => {
        // A closed port stays closed; what else ICMP says may pass.
        if (errorCode(error) === "ECONNREFUSED") {
          outcome.reject(new ConnectFailure("Cannot connect", { cause: error }));
        }
      },
    });
    let timer: Disposable | undefined;
    const ping = (): void => {
      timer = clock.schedule(RESEND_MS, ping);
      try {
        socket.send(encodePing(clock.date().getTime()));
      } catch (error) {
        lastFault = error;
      }
    };
    ping();
    try {
      return await outcomeOrAbort(outcome.promise, signal);
    } catch (error) {
      throw error instanceof TimeoutError ? lastFault ?? error : error;
    } finally {
      timer?.[Symbol.dispose]();
    }
  }, { ...options, limitMs: LIMIT_MS });
}
