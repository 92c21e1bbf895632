import { LineProcess } from "../../tests/lab/line_process.ts";
import type { StunRequest, WorldLine } from "./world_process.ts";

const SCRIPT = new URL("./world_process.ts", import.meta.url).pathname;

/** The world tells of requests not later than this. */
export const REPORT_DELAY_MS = 300;

/** A NAT and servers in another process, so that what is measured has its own to itself. Disposing ends it. */
export class BenchWorld implements AsyncDisposable {
  /** STUN requests that arrived, in order; known a little later. */
  readonly requests: StunRequest[] = [];
  readonly #process: LineProcess;
  readonly #opened = Promise.withResolvers<Extract<WorldLine, { kind: "open" }>>();
  #restarted: PromiseWithResolvers<number> = Promise.withResolvers();
  #place: Extract<WorldLine, { kind: "open" }> | undefined;

  private constructor() {
    this.#process = LineProcess.start([Deno.execPath(), "run", "-A", "--cached-only", SCRIPT], {
      env: { DENO_NO_UPDATE_CHECK: "1" },
      onLine: (line) => this.#take(JSON.parse(line)),
    });
    this.#restarted.promise.catch(() => {});
    this.#process.done.then(() => {
      const error = new Error(`Cannot run the world: ${this.#process.errorLines.join(" ")}`);
      this.#opened.reject(error);
      this.#restarted.reject(error);
    });
  }

  /** @throws {Error} If it does not start. */
  static async start(): Promise<BenchWorld> {
    const world = new BenchWorld();
    try {
      world.#place = await world.#opened.promise;
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Its process. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Where everything is. */
  get place(): Extract<WorldLine, { kind: "open" }> {
    if (this.#place === undefined) throw new TypeError("Cannot tell where things are: the world is not open");
    return this.#place;
  }

  /**
   * The NAT forgets everything.
   *
   * @returns When, in milliseconds since the epoch.
   * @throws {Error} If the world has ended.
   */
  async restartNat(): Promise<number> {
    this.#restarted = Promise.withResolvers();
    await this.#process.write("restart");
    return await this.#restarted.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }

  #take(line: WorldLine): void {
    switch (line.kind) {
      case "open":
        return this.#opened.resolve(line);
      case "stun":
        this.requests.push(...line.requests);
        return;
      case "restarted":
        return this.#restarted.resolve(line.at);
    }
  }
}
