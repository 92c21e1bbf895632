import type { Protocol } from "../../src/core/mapping.ts";
import { CASE_PORT, KEEP_ALIVE, STUN_ADDRESSES, STUN_PORT } from "./addresses.ts";
import { inNamespace } from "./command.ts";
import type { Lab } from "./lab.ts";
import { LineProcess } from "./line_process.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** A JSON line of `porthole open` or `porthole forward`, as far as cases look at it. */
export interface PortholeEvent {
  readonly event: string;
  readonly name: string;
  readonly protocol: string;
  readonly internal?: string;
  readonly external?: string;
  readonly previous?: string;
  readonly reason?: string;
  readonly reachability?: string;
  readonly sharing?: string;
  readonly gateway?: string;
  readonly state?: string;
  readonly client?: string;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
  /** `performance.now()` when the line was read. */
  readonly readAt: number;
}

/** Options for {@linkcode Porthole.start}. */
export interface PortholeOptions {
  readonly protocol: Protocol;
  /** @default {CASE_PORT} */
  readonly port?: number;
  /** Runs `porthole forward` to this target. @default {undefined} */
  readonly target?: string;
  /** Further arguments (`--test`, `--force`, `-6`, …). @default {[]} */
  readonly args?: readonly string[];
  /** Addresses of STUN servers. @default {STUN_ADDRESSES} */
  readonly stun?: readonly string[];
  /** Addresses of keep-alive hosts. @default {KEEP_ALIVE.steady} */
  readonly keepAlive?: readonly string[];
  /** @default {"debug"} */
  readonly logLevel?: "debug" | "info";
  /** Command that runs it, `setpriv` and its flags for example. @default {[]} */
  readonly under?: readonly string[];
}

/** Options for {@linkcode Porthole.startService}. */
export interface ServiceOptions {
  /** Where the configuration is written. */
  readonly file: string;
  readonly socket: string;
  /** Of our own format. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** How a program ended. */
export interface Ending {
  readonly code: number;
  readonly signal: string | null;
  /** From the signal or the call to the end. */
  readonly elapsedMs: number;
}

/** The real command in a lab's host. Disposing ends it. */
export class Porthole implements AsyncDisposable {
  /** `performance.now()` just before it was started. */
  readonly startedAt: number;
  readonly #events: PortholeEvent[] = [];
  readonly #process: LineProcess;
  readonly #signal: AbortSignal;
  #wake: PromiseWithResolvers<void> = Promise.withResolvers();

  private constructor(commandLine: readonly string[], signal: AbortSignal) {
    this.#signal = signal;
    this.startedAt = performance.now();
    this.#process = LineProcess.start(commandLine, {
      env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", LANG: "C.UTF-8" },
      onLine: (line) => this.#take(line),
    });
    this.#process.done.then(() => this.#rouse());
    signal.addEventListener("abort", () => this.#rouse(), { once: true });
  }

  /** Starts `porthole open`, or `porthole forward` if there is a target. */
  static start(lab: Lab, options: PortholeOptions): Porthole {
    const { port = CASE_PORT, args = [], stun = STUN_ADDRESSES, keepAlive = KEEP_ALIVE.steady } = options;
    const bracket = (address: string): string => address.includes(":") ? `[${address}]` : address;
    const { target, under = [] } = options;
    const command = target === undefined ? ["open", `${port}`] : ["forward", target, "--port", `${port}`];
    const commandLine = [
      ...[...under, Deno.execPath(), "run", "-A", "--cached-only", MAIN, ...command],
      ...[`--${options.protocol}`, "--json", "--log-level", options.logLevel ?? "debug"],
      ...stun.flatMap((address) => ["--stun", `${bracket(address)}:${STUN_PORT}`]),
      ...keepAlive.flatMap((address) => ["--keep-alive", `${bracket(address)}:80`]),
      ...args,
    ];
    return new Porthole(inNamespace(lab.names.host, commandLine), lab.signal);
  }

  /** Starts `porthole run` with a configuration; STUN servers and keep-alive hosts are filled in. */
  static startService(lab: Lab, options: ServiceOptions): Porthole {
    const config = {
      stun: {
        tcp: STUN_ADDRESSES.map((address) => `${address}:${STUN_PORT}`),
        udp: STUN_ADDRESSES.map((address) => `${address}:${STUN_PORT}`),
      },
      keepAlive: { tcp: KEEP_ALIVE.steady.map((address) => `${address}:80`) },
      ...options.config,
    };
    Deno.writeTextFileSync(options.file, JSON.stringify(config));
    const commandLine = [
      ...[Deno.execPath(), "run", "-A", "--cached-only", MAIN, "run", "-c", options.file],
      ...["--socket", options.socket, "--json", "--log-level", "info"],
    ];
    return new Porthole(inNamespace(lab.names.host, commandLine), lab.signal);
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** The last lines of its log. */
  get logLines(): readonly string[] {
    return this.#process.errorLines;
  }

  /** Everything it said so far. */
  get events(): readonly PortholeEvent[] {
    return this.#events;
  }

  /** The last endpoint it announced. */
  get external(): string | undefined {
    return this.#events.findLast(({ event }) => ["mapped", "changed", "restored"].includes(event))?.external;
  }

  /**
   * Waits for an event, those already there included.
   *
   * @param since Events read before this `performance.now()` do not count. @default {0}
   * @throws {Error} With what it wrote to standard error, if the event does not come in time.
   */
  async waitFor(names: string | readonly string[], limitMs: number, since = 0): Promise<PortholeEvent> {
    const wanted = [names].flat();
    const end = performance.now() + limitMs;
    for (;;) {
      this.#signal.throwIfAborted();
      const found = this.#events.find(({ event, readAt }) => wanted.includes(event) && readAt >= since);
      if (found) return found;
      const left = end - performance.now();
      if (left <= 0 || this.#process.status) throw this.failure(`no event ${wanted.join("/")}`);
      await this.#nextChange(left);
    }
  }

  /** Waits until it ends by itself. */
  async waitForEnd(limitMs: number): Promise<Ending> {
    const start = performance.now();
    while (!this.#process.status) {
      this.#signal.throwIfAborted();
      const left = start + limitMs - performance.now();
      if (left <= 0) throw this.failure(`still running after ${limitMs} ms`);
      await this.#nextChange(left);
    }
    const { code, signal } = this.#process.status;
    return { code, signal, elapsedMs: performance.now() - start };
  }

  /** Sends SIGTERM and waits for the end. */
  stop(limitMs: number): Promise<Ending> {
    this.#process.kill("SIGTERM");
    return this.waitForEnd(limitMs);
  }

  /** An error that tells what was seen and what the program said. */
  failure(reason: string): Error {
    const status = this.#process.status;
    const said = this.#events.map(({ event, external, reason }) =>
      [event, external, reason].join(" ").trim()
    );
    return new Error(
      `Cannot pass: ${reason}\n  ${status ? `ended with ${status.code}` : "running"}; events: ${
        said.join(", ")
      }\n  ` +
        this.#process.errorLines.join("\n  "),
    );
  }

  #take(line: string): void {
    const event = JSON.parse(line) as Omit<PortholeEvent, "readAt">;
    this.#events.push({ ...event, readAt: performance.now() });
    this.#rouse();
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = Promise.withResolvers();
    wake.resolve();
  }

  async #nextChange(limitMs: number): Promise<void> {
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, limitMs);
    await Promise.race([this.#wake.promise, limit.promise]);
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
