import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
/** Every wait of a test is bounded by this. */
const LIMIT_MS = 15_000;

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real command in a child process, its output read line by line. */
export class PortholeChild implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #stderr: Promise<string>;
  readonly #timer: ReturnType<typeof setTimeout>;
  #stdout = "";
  #rest = "";

  private constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1", LC_ALL: "C", ...env },
    }).spawn();
    this.#timer = setTimeout(() => this.kill("SIGKILL"), LIMIT_MS);
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#stderr = new Response(this.#child.stderr).text();
  }

  /** Starts `porthole` with these arguments, in English unless `env` says otherwise. */
  static start(args: readonly string[], env: Readonly<Record<string, string>> = {}): PortholeChild {
    return new PortholeChild(args, env);
  }

  /** The next line of stdout; `undefined` at its end. */
  async nextLine(): Promise<string | undefined> {
    while (!this.#rest.includes("\n")) {
      const chunk = await this.#lines.read();
      if (chunk.done) return undefined;
      this.#stdout += chunk.value;
      this.#rest += chunk.value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }

  /** The next JSON line of stdout whose `event` is this. */
  async nextEvent(event: string): Promise<Readonly<Record<string, string>>> {
    for (let line = await this.nextLine(); line !== undefined; line = await this.nextLine()) {
      const json = JSON.parse(line);
      if (json.event === event) return json;
    }
    throw new Error(`Cannot wait for ${event}: the command ended; stderr: ${await this.#stderr}`);
  }

  /** Sends a signal; does nothing once the child has ended. */
  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Closes our end of its stdout, as `head -1` does. */
  async closeStdout(): Promise<void> {
    await this.#lines.cancel();
  }

  /** Waits for the end. */
  async ended(): Promise<Ended> {
    while (await this.nextLine() !== undefined);
    const [stderr, status] = await Promise.all([this.#stderr, this.#child.status]);
    clearTimeout(this.#timer);
    return { code: status.code, stdout: this.#stdout, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.#lines.cancel();
    await Promise.all([this.#stderr, this.#child.status]);
    clearTimeout(this.#timer);
  }
}

/** Runs a command to its end. */
export async function runPorthole(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  await using child = PortholeChild.start(args, env);
  return await child.ended();
}
