/** Exit status of a process that ended by a signal, as shells have it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type TrappedSignal = keyof typeof EXIT_CODES;

/** Options for {@linkcode SignalTrap}. */
export interface SignalTrapOptions {
  /** Called with the exit status when a second signal comes: the user does not want to wait. */
  readonly onSecond: (code: number) => void;
  /** @default {Deno} */
  readonly source?: SignalSource;
}

/** Where signals come from; `Deno` is one. */
export type SignalSource = Pick<typeof Deno, "addSignalListener" | "removeSignalListener">;

/** SIGINT and SIGTERM as an abort; listens until it is disposed. */
export class SignalTrap implements Disposable {
  readonly #controller = new AbortController();
  readonly #handlers: readonly (readonly [TrappedSignal, () => void])[];
  readonly #source: SignalSource;
  #code: number | undefined;

  constructor(options: SignalTrapOptions) {
    const { onSecond, source = Deno } = options;
    this.#source = source;
    const names = (["SIGINT", "SIGTERM"] as const).filter((name) =>
      name === "SIGINT" || Deno.build.os !== "windows"
    );
    this.#handlers = names.map((name) =>
      [name, (): void => {
        if (this.#code !== undefined) return onSecond(this.#code);
        this.#code = EXIT_CODES[name];
        this.#controller.abort(new DOMException(`Ended by ${name}`, "AbortError"));
      }] as const
    );
    for (const [name, handler] of this.#handlers) source.addSignalListener(name, handler);
  }

  /** Aborted by the first signal, or by {@linkcode SignalTrap.abort}. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Exit status of the signal that came; `undefined` if none did. */
  get exitCode(): number | undefined {
    return this.#code;
  }

  /** Ends the command without a signal. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  [Symbol.dispose](): void {
    for (const [name, handler] of this.#handlers) this.#source.removeSignalListener(name, handler);
  }
}
