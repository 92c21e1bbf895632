import { inNamespace } from "./command.ts";
import type { CaseContext } from "./lab_case.ts";
import { LineProcess } from "./line_process.ts";
import type { NftChildLine, NftChildOptions } from "./nft_child.ts";

const CHILD = new URL("./nft_child.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
/** Generous: the machine may be running five other labs. */
const LINE_LIMIT_MS = 10_000;

/** The kernel forwarder at work in a lab's host. Disposing ends it by closing its input. */
export class NftProcess implements AsyncDisposable {
  readonly lines: NftChildLine[] = [];
  readonly #context: CaseContext;
  readonly #process: LineProcess;

  private constructor(context: CaseContext, options: Omit<NftChildOptions, "protocol">) {
    this.#context = context;
    const args = JSON.stringify({ ...options, protocol: context.protocol });
    this.#process = LineProcess.start(
      inNamespace(context.lab.names.host, [
        ...[Deno.execPath(), "run", "-A", "--config", CONFIG, "--cached-only"],
        ...[CHILD, args],
      ]),
      {
        env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
        onLine: (line) => this.lines.push(JSON.parse(line)),
      },
    );
  }

  /** Starts it and waits until it forwards. @throws {Error} If it cannot. */
  static async start(context: CaseContext, options: Omit<NftChildOptions, "protocol">): Promise<NftProcess> {
    const child = new NftProcess(context, options);
    try {
      const line = await child.#waitFor((one) => one.what === "ready" || one.what === "failed");
      if (line.what === "failed") throw Object.assign(new Error(line.message), { code: line.code });
      return child;
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What it logged, one message a line. */
  get messages(): string {
    return this.lines.flatMap((line) => line.what === "log" ? [line.message] : []).join("\n");
  }

  /** Tells it another external endpoint. */
  async retarget(external: string): Promise<void> {
    await this.#process.write(`retarget ${external}`);
  }

  /** Its counters once `isEnough` says so. */
  async counters(
    isEnough: (counters: NftCounters) => boolean,
  ): Promise<NftCounters> {
    let last: NftCounters | undefined;
    for (let tried = 0; tried < 25; tried++) {
      const seen = this.lines.length;
      await this.#process.write("counters");
      const line = await this.#waitFor((one, i) => i >= seen && one.what === "counters");
      if (line.what === "counters" && isEnough(last = line.counters)) return last;
      await this.#context.pause(200);
    }
    throw new Error(`The counters stay ${JSON.stringify(last)}\n${this.messages}`);
  }

  /** Kills it, so that it cannot clean up. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.done;
  }

  async #waitFor(isIt: (line: NftChildLine, index: number) => boolean): Promise<NftChildLine> {
    const start = performance.now();
    while (performance.now() - start < LINE_LIMIT_MS) {
      const line = this.lines.find(isIt);
      if (line) return line;
      if (this.#process.status) break;
      await this.#context.pause(10);
    }
    throw new Error(`The forwarder says nothing: ${this.#process.errorLines.join("\n")}\n${this.messages}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.end();
  }
}

type NftCounters = Extract<NftChildLine, { what: "counters" }>["counters"];
