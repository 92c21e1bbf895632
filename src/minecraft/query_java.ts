import { MinecraftDecodeError } from "./errors.ts";
import { encodeHandshake, JavaStatusReader, STATUS_REQUEST } from "./java_status.ts";
import { ConnectFailure, outcomeOrAbort, type QueryOptions, runQuery } from "./query.ts";
import type { QueryResult, ServerStatus } from "./server_status.ts";

/** Of the whole query. */
const LIMIT_MS = 5_000;

/**
 * Asks a Java server for its status over TCP, as its clients do since 1.7; 5 s at most.
 *
 * @throws `signal.reason`, unchanged, if aborted; every other failure is a result.
 */
export async function queryJava(options: QueryOptions): Promise<QueryResult> {
  const { platform: { net }, server } = options;
  return await runQuery(async (remote, signal) => {
    const reader = new JavaStatusReader();
    const outcome = Promise.withResolvers<ServerStatus>();
    // It may fail while the connection is still being opened, before anyone waits for it.
    outcome.promise.catch(() => {});
    const connecting = net.connectStream({
      remote,
      signal,
      onData: (data) => {
        try {
          const status = reader.push(data);
          if (status !== undefined) outcome.resolve(status);
        } catch (error) {
          outcome.reject(error);
        }
      },
      onEnd: (error) => outcome.reject(error ?? new MinecraftDecodeError("packet_len < 3", "(it hung up)")),
    });
    using connection = await connecting.catch((error) => {
      if (signal.aborted) throw signal.reason;
      throw new ConnectFailure("Cannot connect", { cause: error });
    });
    connection.write(encodeHandshake(server.host, server.port));
    connection.write(STATUS_REQUEST);
    return await outcomeOrAbort(outcome.promise, signal);
  }, { ...options, limitMs: LIMIT_MS });
}
