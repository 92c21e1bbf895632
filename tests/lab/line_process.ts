import { TextLineStream } from "./text_lines.ts";

/** How {@linkcode LineProcess.start} runs a program. */
export interface LineProcessOptions {
  /** Called with each line of standard output. */
  readonly onLine?: (line: string) => void;
  /** Environment besides what is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take to end after SIGTERM before SIGKILL. @default {2000} */
  readonly graceMs?: number;
}

/** Lines of standard error that are kept for failure reports. */
const KEPT_LINES = 40;

/** A running program, read line by line. Disposing ends it and waits for its end. */
export class LineProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #errors: string[] = [];
  readonly #done: Promise<Deno.CommandStatus>;
  readonly #graceMs: number;
  #status: Deno.CommandStatus | undefined;

  private constructor(child: Deno.ChildProcess, options: LineProcessOptions) {
    this.#child = child;
    this.#stdin = child.stdin.getWriter();
    this.#graceMs = options.graceMs ?? 2000;
    const reading = Promise.all([
      readLines(child.stdout, (line) => options.onLine?.(line)),
      readLines(child.stderr, (line) => {
        this.#errors.push(line);
        if (this.#errors.length > KEPT_LINES) this.#errors.shift();
      }),
    ]);
    this.#done = child.status.then(async (status) => {
      this.#status = status;
      await reading;
      return status;
    });
  }

  /** Starts a program, found on PATH. */
  static start(commandLine: readonly string[], options: LineProcessOptions = {}): LineProcess {
    const [program = "", ...args] = commandLine;
    const child = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      env: { ...options.env },
    }).spawn();
    return new LineProcess(child, options);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Its exit status; `undefined` while it runs. */
  get status(): Deno.CommandStatus | undefined {
    return this.#status;
  }

  /** Settles after its end, when all its output was read. */
  get done(): Promise<Deno.CommandStatus> {
    return this.#done;
  }

  /** The last lines of standard error. */
  get errorLines(): readonly string[] {
    return this.#errors;
  }

  /** Writes a line to its standard input. */
  async write(line: string): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(line + "\n"));
  }

  /** Ends its standard input and waits for its end. */
  async end(): Promise<void> {
    if (this.#status === undefined) await this.#stdin.close().catch(() => {});
    await this.#done;
  }

  /** Sends a signal; nothing happens if it has ended. */
  kill(signal: Deno.Signal): void {
    if (this.#status === undefined) this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGTERM");
    const timer = setTimeout(() => this.kill("SIGKILL"), this.#graceMs);
    await this.#done;
    clearTimeout(timer);
    try {
      await this.#stdin.close();
    } catch {
      // The pipe broke when the program ended; it was only ours to let go of.
    }
  }
}

async function readLines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  for await (const line of stream.pipeThrough(new TextLineStream())) onLine(line);
}
