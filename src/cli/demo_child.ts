import { delay } from "../core/clock.ts";
import type { Clock } from "../core/clock.ts";

/** How the command ended, for people. */
export interface ChildEnd {
  readonly status: number;
  readonly signal: string | undefined;
}

/** A JSON line of the command. */
export type ChildEvent = Readonly<Record<string, unknown>>;

/** What is kept of its stderr. */
const STDERR_LINES_MAX = 12;
/** After SIGKILL the kernel needs no longer. */
const GRACE_MS = 2000;

/** The command line that runs this very program again: the executable if compiled, else Deno and main.ts. */
export function ownCommand(): { readonly command: string; readonly args: readonly string[] } {
  if (Deno.build.standalone) return { command: Deno.execPath(), args: [] };
  return { command: Deno.execPath(), args: ["run", "-A", new URL("../../main.ts", import.meta.url).href] };
}

/**
 * A porthole command in a process of its own, its JSON lines read one by one. Disposing ends it in any case and
 * waits until it is gone.
 */
export class DemoChild implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #clock: Clock;
  readonly #events: ChildEvent[] = [];
  readonly #stderr: string[] = [];
  readonly #readers: Promise<unknown>;
  readonly #exited: Promise<ChildEnd>;
  #end: ChildEnd | undefined;
  #wake: () => void = () => {};

  private constructor(child: Deno.ChildProcess, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
    this.#readers = Promise.all([
      this.#readLines(child.stdout, (line) => this.#takeEvent(line)),
      this.#readLines(child.stderr, (line) => this.#takeStderr(line)),
    ]);
    this.#exited = this.#awaitEnd();
  }

  /**
   * Starts it.
   *
   * @param args Arguments after the program's own.
   * @throws {Error} If the program cannot be started.
   */
  static start(args: readonly string[], clock: Clock): DemoChild {
    const own = ownCommand();
    const command = new Deno.Command(own.command, {
      args: [...own.args, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    });
    return new DemoChild(command.spawn(), clock);
  }

  /** How it ended; `undefined` while it runs. */
  get end(): ChildEnd | undefined {
    return this.#end;
  }

  /** Its last words on stderr. */
  get lastWords(): readonly string[] {
    return this.#stderr;
  }

  /**
   * The next event of that name; others before it are skipped.
   *
   * @returns `undefined` if the command ended without, or the time was up.
   * @throws `signal.reason` as soon as it is aborted.
   */
  async next(event: string, limitMs: number, signal: AbortSignal): Promise<ChildEvent | undefined> {
    let isOver = false;
    using _timer = this.#clock.schedule(limitMs, () => {
      isOver = true;
      this.#wake();
    });
    const stop = (): void => this.#wake();
    signal.addEventListener("abort", stop, { once: true });
    try {
      for (;;) {
        signal.throwIfAborted();
        for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
          if (next["event"] === event) return next;
        }
        if (isOver || this.#end !== undefined) return undefined;
        const changed = Promise.withResolvers<void>();
        this.#wake = changed.resolve;
        await changed.promise;
      }
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Asks it to end, and waits so long; `undefined` if it still runs then. */
  async terminate(limitMs: number): Promise<ChildEnd | undefined> {
    this.#kill("SIGTERM");
    const timeUp = new AbortController();
    const waited = delay(this.#clock, limitMs, timeUp.signal).catch(() => undefined);
    const end = await Promise.race([this.#exited, waited]);
    timeUp.abort();
    return end ?? undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#end === undefined && await this.terminate(GRACE_MS) === undefined) this.#kill("SIGKILL");
    await this.#exited;
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }

  async #awaitEnd(): Promise<ChildEnd> {
    const { code, signal } = await this.#child.status;
    await this.#readers;
    this.#end = { status: code, signal: signal ?? undefined };
    this.#wake();
    return this.#end;
  }

  async #readLines(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    onLine: (line: string) => void,
  ): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    }
    if (rest !== "") onLine(rest);
  }

  #takeEvent(line: string): void {
    try {
      const value: unknown = JSON.parse(line);
      if (typeof value === "object" && value !== null) this.#events.push({ ...value });
    } catch {
      // Not an event; worth showing if the demo fails.
      this.#takeStderr(line);
    }
    this.#wake();
  }

  #takeStderr(line: string): void {
    if (line.trim() === "") return;
    this.#stderr.push(line);
    if (this.#stderr.length > STDERR_LINES_MAX) this.#stderr.shift();
  }
}
