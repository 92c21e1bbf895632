import type { AgentOperations, AgentReply } from "./agent_protocol.ts";
import { inNamespace } from "./command.ts";
import { LineProcess } from "./line_process.ts";

const AGENT = new URL("./agent.ts", import.meta.url).pathname;

/** Longest operation is 400 visits; an agent that says nothing for this long hangs. */
const REPLY_LIMIT_MS = 60_000;

/** An agent (agent.ts) at work in a namespace. Disposing ends it. */
export class Agent implements AsyncDisposable {
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #process: LineProcess;
  readonly #signal: AbortSignal;
  #nextId = 1;

  /** Starts an agent; requests fail once `signal` is aborted. */
  constructor(namespace: string, signal: AbortSignal) {
    this.#signal = signal;
    this.#process = LineProcess.start(
      inNamespace(namespace, [Deno.execPath(), "run", "-A", "--no-config", "--unstable-net", AGENT]),
      { env: { DENO_NO_UPDATE_CHECK: "1" }, onLine: (line) => this.#settle(JSON.parse(line)) },
    );
  }

  /**
   * Has the agent do something.
   *
   * @throws {Error} If it failed there, took too long, or `signal` was aborted.
   */
  async call<K extends keyof AgentOperations>(
    operation: K,
    args: Parameters<AgentOperations[K]>[0],
  ): Promise<ReturnType<AgentOperations[K]>> {
    this.#signal.throwIfAborted();
    const id = this.#nextId++;
    const reply = Promise.withResolvers<unknown>();
    this.#waiting.set(id, reply);
    const stop = (): void => reply.reject(this.#signal.reason);
    this.#signal.addEventListener("abort", stop, { once: true });
    const limit = setTimeout(
      () => reply.reject(new Error(`Cannot ${operation}: no reply: ${this.#process.errorLines.join(" ")}`)),
      REPLY_LIMIT_MS,
    );
    try {
      await this.#process.write(JSON.stringify({ id, operation, args }));
      return await reply.promise as ReturnType<AgentOperations[K]>;
    } finally {
      clearTimeout(limit);
      this.#signal.removeEventListener("abort", stop);
      this.#waiting.delete(id);
    }
  }

  #settle(reply: AgentReply): void {
    const waiting = this.#waiting.get(reply.id);
    if (reply.error === undefined) waiting?.resolve(reply.value);
    else waiting?.reject(new Error(reply.error));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
