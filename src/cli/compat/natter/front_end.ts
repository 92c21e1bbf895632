import { systemClock } from "../../../core/clock.ts";
import { eventToJson } from "../../../core/event_json.ts";
import type { MappingEvent } from "../../../core/mapping.ts";
import type { Platform } from "../../../core/platform.ts";
import { systemRandom } from "../../../core/random.ts";
import type { CliHost } from "../../host.ts";
import { isBrokenPipe, Output } from "../../output.ts";
import { SignalTrap } from "../../signals.ts";
import type { NatterLogger } from "./natter_log.ts";
import type { OwnFlags } from "./own_flags.ts";

/** stdout and stderr of a front end; disposing waits until everything is written. */
export class NatterConsole implements AsyncDisposable {
  readonly stdout: Output;
  readonly stderr: Output;
  #onClosed: (error: unknown) => void = () => {};

  constructor(host: CliHost) {
    this.stdout = new Output({ sink: host.stdout, onClosed: (error) => this.#onClosed(error) });
    this.stderr = new Output({ sink: host.stderr });
  }

  /** Told when nobody reads stdout any more. */
  set onClosed(handler: (error: unknown) => void) {
    this.#onClosed = handler;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stdout.flush();
    await this.stderr.flush();
  }
}

/** What a running front end works with. */
export interface NatterSession {
  readonly platform: Platform;
  readonly log: NatterLogger;
  /** Aborted by SIGINT, SIGTERM, {@linkcode NatterSession.end}, or when nobody reads our JSON lines any more. */
  readonly signal: AbortSignal;
  /** Ends the front end with this status. */
  readonly end: (status: number) => void;
  /** Our JSON line of an event, if `--json` asked for it. */
  readonly print: (event: MappingEvent) => void;
}

/** Options for {@linkcode withNatterSession}. */
export interface NatterSessionOptions {
  readonly host: CliHost;
  readonly console: NatterConsole;
  readonly log: NatterLogger;
  readonly flags: OwnFlags;
}

/**
 * Runs `use` on this machine's platform until it ends or a signal comes; everything is closed afterwards.
 *
 * @returns 0 after SIGINT (as both Natters), 143 after SIGTERM, what was given to `end`, else what `use` returned.
 * @throws Whatever `use` threw of itself.
 */
export async function withNatterSession(
  options: NatterSessionOptions,
  use: (session: NatterSession) => Promise<number>,
): Promise<number> {
  const { host, console: { stdout }, log, flags } = options;
  using trap = new SignalTrap({ onSecond: (code) => host.exit(code) });
  let wanted: number | undefined;
  const end = (status: number): void => {
    wanted ??= status;
    trap.abort(new DOMException("The front end ends", "AbortError"));
  };
  options.console.onClosed = (error): void => end(isBrokenPipe(error) ? 0 : 1);
  const { openNet } = await import("../../../net/open_net.ts");
  const { keepMemoryLean } = await import("../../../net/lean_memory.ts");
  await using net = openNet({ log });
  using _lean = net.capability === "full" ? keepMemoryLean({ clock: systemClock }) : undefined;
  const platform: Platform = { net, clock: systemClock, random: systemRandom, log };
  const print = (event: MappingEvent): void => {
    if (flags.json) stdout.json(eventToJson(event));
  };
  let status: number;
  try {
    status = await use({ platform, log, signal: trap.signal, end, print });
  } catch (error) {
    if (!trap.signal.aborted || error !== trap.signal.reason) throw error;
    status = 0;
  }
  if (trap.exitCode !== undefined) return trap.exitCode === 143 ? 143 : 0;
  return wanted ?? status;
}

/** Tells an event for which Natter has no words, with all it says; shown by `-v` only. */
export function logEvent(log: NatterLogger, event: MappingEvent): void {
  const { event: what, at: _at, ...fields } = eventToJson(event);
  log.debug(`event: ${what}`, fields);
}
