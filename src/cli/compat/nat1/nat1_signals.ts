import type { Clock } from "../../../core/clock.ts";
import type { SignalSource } from "../../signals.ts";
import { SignalTrap } from "../../signals.ts";
import { LINES } from "./nat1_lines.ts";
import type { Nat1Log } from "./nat1_log.ts";

/** Options for {@linkcode Nat1Signals}. */
export interface Nat1SignalsOptions {
  readonly log: Nat1Log;
  /** Waits until the log is written. */
  readonly flush: () => Promise<void>;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
  readonly clock: Clock;
  /** Called on SIGUSR1. */
  readonly onDebug?: () => void;
  /** @default {Deno} */
  readonly source?: SignalSource;
}

/** The second signal must end the process even where nobody reads the log. */
const FLUSH_LIMIT_MS = 200;

/**
 * Signals as nat1_traversal has them: the first SIGINT or SIGTERM ends in peace, the second at once with status 1;
 * SIGUSR1 turns debugging on, SIGUSR2 off. Listens until it is disposed.
 */
export class Nat1Signals implements Disposable {
  readonly #trap: SignalTrap;
  readonly #stack = new DisposableStack();

  constructor({ log, flush, exit, clock, onDebug, source = Deno }: Nat1SignalsOptions) {
    this.#trap = this.#stack.use(
      new SignalTrap({
        source,
        onSecond: () => {
          log.warn(LINES.stoppingNow);
          clock.schedule(FLUSH_LIMIT_MS, () => exit(1));
          void flush().then(() => exit(1));
        },
      }),
    );
    this.#trap.signal.addEventListener("abort", () => {
      if (this.#trap.exitCode !== undefined) log.info(LINES.stopping);
    }, { once: true });
    if (Deno.build.os === "windows") return;
    for (const [name, isDebug] of [["SIGUSR1", true], ["SIGUSR2", false]] as const) {
      const handler = (): void => {
        log.isDebug = isDebug;
        log.info(isDebug ? LINES.debugOn : LINES.debugOff);
        if (isDebug) onDebug?.();
      };
      source.addSignalListener(name, handler);
      this.#stack.defer(() => source.removeSignalListener(name, handler));
    }
  }

  /** Aborted by the first signal, or by {@linkcode Nat1Signals.abort}. */
  get signal(): AbortSignal {
    return this.#trap.signal;
  }

  /** Ends without a signal. */
  abort(reason: unknown): void {
    this.#trap.abort(reason);
  }

  [Symbol.dispose](): void {
    this.#stack[Symbol.dispose]();
  }
}
