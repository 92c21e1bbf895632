import type { Endpoint } from "../core/endpoint.ts";
import { type ByteSink, type ByteSource, type ByteStream, joinStdio } from "../find/join_stdio.ts";
import { reach } from "../find/reach.ts";
import { endStdout } from "../net/end_stdout.ts";
import type { ConnectArgs } from "./find_args.ts";
import { explained, findOptionsOf, questionOf, warnOf } from "./find_session.ts";
import { type HostSession, withPlatform } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/** What `connect` joins, and how it connects; handed in, so that tests need no process. */
export interface ConnectEnds {
  /** Goes to the peer. */
  readonly stdin: ByteSource;
  /** Gets what comes from the peer. */
  readonly stdout: ByteSink;
  /** Lets whoever reads stdout see its end. @returns Whether that can be done before the process ends. */
  readonly endStdout: () => boolean;
  /** Connects. @throws `signal.reason` if aborted. */
  readonly open: (endpoint: Endpoint, signal: AbortSignal) => Promise<ByteStream>;
}

/**
 * The real ones. Deno's own connections, because their half-close is right on every system: node:net loses what is
 * written after the peer's end (seen with 2.9.5).
 */
const SYSTEM_ENDS: ConnectEnds = {
  stdin: Deno.stdin,
  stdout: Deno.stdout,
  endStdout,
  open: openConn,
};

async function openConn({ address, port }: Endpoint, signal: AbortSignal): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: address, port, signal });
  conn.setNoDelay();
  conn.setKeepAlive();
  return conn;
}

/**
 * `porthole connect`: carries stdin and stdout; writes nothing else to stdout.
 *
 * @returns 0 when both sides have ended.
 * @throws {UsageError} {@linkcode FindFault} {@linkcode StreamLostError}
 */
export function runConnect(
  args: ConnectArgs,
  session: HostSession,
  ends: ConnectEnds = SYSTEM_ENDS,
): Promise<number> {
  const { texts, signal, log } = session;
  const question = questionOf(args, texts);
  if (question.service?.protocol === "udp") {
    throw new UsageError(texts.find.usage.needsTcp(question.service.text));
  }
  return withPlatform(session, async (platform) => {
    const { connection, endpoint } = await reach(question, {
      find: findOptionsOf(args, platform),
      open: ends.open,
      close: (late) => late.close(),
      timeoutMs: args.timeoutMs,
      signal,
      onFound: ({ endpoints, via, warnings }) => {
        log.debug("Found", { endpoints: endpoints.length, via });
        warnOf(warnings, session);
      },
    }).catch((error: unknown) => {
      throw explained(error, args, texts);
    });
    log.debug("Connected", { address: endpoint.address, port: endpoint.port });
    await joinStdio({ ...ends, stream: connection, endpoint, clock: platform.clock, signal });
    return 0;
  });
}
