import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
/** Every wait of a test is bounded by this. */
const LIMIT_MS = 25_000;

/** Options for {@linkcode NatterChild.start}. */
export interface NatterChildOptions {
  /** Working directory. */
  readonly cwd?: string;
  /** Start it under this name instead of as `porthole natter`. */
  readonly name?: string;
}

/** How it ended. */
export interface NatterEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real `natter` command in a child process, its log on stderr read line by line. */
export class NatterChild implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #stdout: Promise<string>;
  readonly #reading: Promise<void>;
  readonly #lines: string[] = [];
  #seen = 0;
  #isOver = false;
  #wake: () => void = () => {};

  private constructor(args: readonly string[], { cwd, name }: NatterChildOptions) {
    const own = ["run", "-A", "--config", CONFIG, MAIN];
    // `exec -a` gives the name, and no shell stays between us and the process.
    const [command, ...words] = name === undefined
      ? [Deno.execPath(), ...own, "natter", ...args]
      : ["bash", "-c", `exec -a ${name} "$@"`, "bash", Deno.execPath(), ...own, ...args];
    this.#child = new Deno.Command(command ?? "", {
      args: words,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1", LC_ALL: "C", DENO_NO_UPDATE_CHECK: "1" },
      ...(cwd === undefined ? {} : { cwd }),
    }).spawn();
    this.#timer = setTimeout(() => this.kill("SIGKILL"), LIMIT_MS);
    this.#stdout = new Response(this.#child.stdout).text();
    this.#reading = this.#read();
  }

  /** Starts it. */
  static start(args: readonly string[], options: NatterChildOptions = {}): NatterChild {
    return new NatterChild(args, options);
  }

  /** Waits for the next line on stderr that fits, those before it included in the search once only. */
  async line(want: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      while (this.#seen < this.#lines.length) {
        const found = want.exec(this.#lines[this.#seen++] ?? "");
        if (found !== null) return found;
      }
      if (this.#isOver) throw new Error(`No line like ${want}; stderr:\n${this.#lines.join("\n")}`);
      const came = Promise.withResolvers<void>();
      this.#wake = came.resolve;
      await came.promise;
    }
  }

  /** Sends a signal; does nothing once it has ended. */
  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Waits for the end. */
  async ended(): Promise<NatterEnd> {
    const [{ code }, stdout] = await Promise.all([this.#child.status, this.#stdout, this.#reading]);
    clearTimeout(this.#timer);
    return { code, stdout, stderr: this.#lines.join("\n") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended();
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.#lines.push(...lines);
      this.#wake();
    }
    if (rest !== "") this.#lines.push(rest);
    this.#isOver = true;
    this.#wake();
  }
}

/** Runs a command line to its end. */
export async function runNatterChild(
  args: readonly string[],
  options: NatterChildOptions = {},
): Promise<NatterEnd> {
  await using child = NatterChild.start(args, options);
  return await child.ended();
}
