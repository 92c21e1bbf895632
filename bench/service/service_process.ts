import { LineProcess } from "../../tests/lab/line_process.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
/** Nothing that is measured takes nearly as long. */
const LIMIT_MS = 60_000;

/** A JSON line of `porthole run`. */
export interface ServiceEvent {
  readonly event: string;
  readonly name: string;
  /** When it was read, in milliseconds since the epoch. */
  readonly readAtMs: number;
}

/** `porthole run` in a process of its own. Disposing ends it. */
export class ServiceProcess implements AsyncDisposable {
  /** Just before it was started, in milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Everything it said so far. */
  readonly events: ServiceEvent[] = [];
  readonly #file: string;
  readonly #process: LineProcess;
  readonly #waiting = new Set<() => void>();

  private constructor(folder: string, runtimeFlags: readonly string[]) {
    this.#file = `${folder}/porthole.json`;
    const runtime = [Deno.execPath(), "run", "-A", "--cached-only", ...runtimeFlags, MAIN];
    const args = ["run", "-c", this.#file, "--socket", `${folder}/porthole.sock`, "--json"];
    this.startedAtMs = nowMs();
    this.#process = LineProcess.start([...runtime, ...args], {
      env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", LANG: "C.UTF-8" },
      onLine: (line) => this.#take(line),
      graceMs: 20_000,
    });
    this.#process.done.then(() => this.#wake());
  }

  /**
   * Starts it.
   *
   * @param folder For the configuration and the socket; belongs to the caller.
   * @param options `runtimeFlags` go to Deno, as `--cpu-prof`.
   */
  static start(
    folder: string,
    options: { readonly text: string; readonly runtimeFlags?: readonly string[] },
  ): ServiceProcess {
    Deno.writeTextFileSync(`${folder}/porthole.json`, options.text);
    return new ServiceProcess(folder, options.runtimeFlags ?? []);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Replaces the configuration and asks for a reload.
   *
   * @returns When the signal was sent, in milliseconds since the epoch.
   */
  reload(text: string): number {
    Deno.writeTextFileSync(this.#file, text);
    const atMs = nowMs();
    this.#process.kill("SIGHUP");
    return atMs;
  }

  /** Ends it and says how long that took, in milliseconds. */
  async stop(): Promise<number> {
    const sinceMs = nowMs();
    this.#process.kill("SIGTERM");
    await this.#process.done;
    return nowMs() - sinceMs;
  }

  /**
   * Waits until so many tunnels have said this since then.
   *
   * @returns The events, one for each tunnel, in the order they were read.
   * @throws {Error} If it ends, or does not say it within a minute.
   */
  async until(
    wanted: string,
    { count, sinceMs = 0 }: { readonly count: number; readonly sinceMs?: number },
  ): Promise<readonly ServiceEvent[]> {
    let isOver = false;
    const limit = setTimeout(() => {
      isOver = true;
      this.#wake();
    }, LIMIT_MS);
    try {
      for (;;) {
        const first = new Map<string, ServiceEvent>();
        for (const event of this.events) {
          if (event.event === wanted && event.readAtMs >= sinceMs && !first.has(event.name)) {
            first.set(event.name, event);
          }
        }
        if (first.size >= count) return [...first.values()];
        if (isOver || this.#process.status !== undefined) {
          const said = this.#process.errorLines.slice(-3).join(" ");
          throw new Error(`Cannot measure: only ${first.size} of ${count} tunnels were ${wanted}: ${said}`);
        }
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      clearTimeout(limit);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }

  #take(line: string): void {
    const { event, name } = JSON.parse(line);
    this.events.push({ event, name, readAtMs: nowMs() });
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}

/** Milliseconds since the epoch, finer than `Date`. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
