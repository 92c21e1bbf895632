import { type Clock, systemClock } from "../core/clock.ts";
import type { ServiceSnapshot } from "../status/service_snapshot.ts";
import { fetchSnapshot } from "../status/status_client.ts";
import { NoDaemonError } from "../status/status_errors.ts";
import type { StatusArgs } from "./command_args.ts";
import type { HostSession } from "./session.ts";
import { askDaemon, daemonSockets, EXIT_NO_DAEMON } from "./status_daemon.ts";
import { statusLines } from "./status_table.ts";
import { watchStatus } from "./status_watch.ts";

/** What tests hand in. */
export interface StatusSurroundings {
  /** @default {systemClock} */
  readonly clock?: Clock;
}

const CLEAR_SCREEN = "\x1b[2J\x1b[H";

/**
 * `porthole status`: the running daemon's tunnels, once or with every change.
 *
 * @returns 0; 3 if no daemon runs, or it ended while it was watched.
 * @throws {StatusRequestError | TimeoutError} If the daemon does not answer as it should.
 */
export async function runStatus(
  args: StatusArgs,
  session: HostSession,
  surroundings: StatusSurroundings = {},
): Promise<number> {
  const { texts: { status }, log, signal, host } = session;
  const { clock = systemClock } = surroundings;
  const paths = daemonSockets(args.socket, host.readEnv);
  let path: string | undefined;
  try {
    const answer = await askDaemon(paths, (candidate) => fetchSnapshot(candidate, { signal, clock }));
    path = answer.path;
    if (!args.watch) show(answer.value, session);
    else await watch(path, session, clock);
    return 0;
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
    log.error(
      path !== undefined
        ? status.daemonEnded
        : paths.length === 0
        ? status.noSocket
        : status.noDaemon(paths.join(", ")),
    );
    return EXIT_NO_DAEMON;
  }
}

async function watch(path: string, session: HostSession, clock: Clock): Promise<void> {
  const { isJson, output, signal, host } = session;
  const isTerminal = host.width !== undefined && !isJson;
  let count = 0;
  await watchStatus(path, {
    clock,
    signal,
    showsSmallChanges: isTerminal,
    show: (snapshot) => {
      if (isJson) output.json(snapshot);
      else if (isTerminal) output.line(CLEAR_SCREEN + textOf(snapshot, session));
      else output.line(`${count++ === 0 ? "" : "\n"}${textOf(snapshot, session)}`);
    },
  });
}

function show(snapshot: ServiceSnapshot, session: HostSession): void {
  if (session.isJson) session.output.json(snapshot);
  else session.output.line(textOf(snapshot, session));
}

function textOf(snapshot: ServiceSnapshot, { texts, host }: HostSession): string {
  return statusLines(snapshot, { texts, hasColors: host.hasColors.stdout }).join("\n");
}
