import { LineProcess } from "../../tests/lab/line_process.ts";
import type { ClientReply, ClientRequest, Loads } from "./load/client_protocol.ts";
import type { PortSet } from "./subjects.ts";

const CLIENT = new URL("./load/client.ts", import.meta.url).pathname;
const TARGET = new URL("./load/target.ts", import.meta.url).pathname;
/** The longest load, and what a hanging forwarder may add. */
const ANSWER_LIMIT_MS = 60_000;

/** Where a tool runs and where its traffic goes. */
export interface ToolPlace {
  /** Put before the command line: `nsenter …`. @default {[]} */
  readonly prefix?: readonly string[];
  /** Address that clients connect to. @default {"127.0.0.1"} */
  readonly peer?: string;
  /** Address that targets listen on. @default {"127.0.0.1"} */
  readonly own?: string;
}

function startTool(script: string, place: ToolPlace, onLine: (line: string) => void): LineProcess {
  const { prefix = [], peer = "127.0.0.1", own = "127.0.0.1" } = place;
  return LineProcess.start([...prefix, Deno.execPath(), "run", "-A", "--cached-only", script], {
    env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", PORTHOLE_BENCH_PEER: peer, PORTHOLE_BENCH_OWN: own },
    onLine,
    // They block, so only a signal that needs no help ends them; none of them has anything to tidy up.
    graceMs: 100,
  });
}

/** A process that makes load, one kind after the other. Disposing ends it. */
export class LoadClient implements AsyncDisposable {
  readonly #process: LineProcess;
  #waiting: PromiseWithResolvers<ClientReply> | undefined;

  /** Starts it. */
  constructor(place: ToolPlace = {}) {
    this.#process = startTool(CLIENT, place, (line) => this.#waiting?.resolve(JSON.parse(line)));
    this.#process.done.then(() => {
      this.#waiting?.reject(new Error(`Cannot make load: ${this.#process.errorLines.join(" ")}`));
    });
  }

  /** Makes load and waits for the report. @throws {Error} If it fails, or takes too long. */
  async run<Load extends keyof Loads>(
    load: Load,
    options: Parameters<Loads[Load]>[0],
  ): Promise<ReturnType<Loads[Load]>> {
    const waiting = this.#waiting = Promise.withResolvers<ClientReply>();
    const limit = setTimeout(() => {
      waiting.reject(new Error(`Cannot ${load}: no report in ${ANSWER_LIMIT_MS / 1000} s`));
      this.#process.kill("SIGKILL");
    }, ANSWER_LIMIT_MS);
    try {
      await this.#process.write(JSON.stringify({ load, options } satisfies ClientRequest));
      const reply = await waiting.promise;
      if ("error" in reply) throw new Error(reply.error);
      return reply.value as ReturnType<Loads[Load]>;
    } finally {
      clearTimeout(limit);
      this.#waiting = undefined;
    }
  }

  /** Ends it at once: what it is doing cannot be interrupted otherwise. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

/** A process that takes load. Disposing ends it. */
export class LoadTarget implements AsyncDisposable {
  /** What it listens on. */
  readonly ports: Promise<{ readonly tcp: number; readonly udp: number }>;
  readonly #process: LineProcess;
  #isEnding = false;

  constructor(place: ToolPlace = {}) {
    const ports = Promise.withResolvers<{ tcp: number; udp: number }>();
    this.#process = startTool(TARGET, place, (line) => ports.resolve(JSON.parse(line)));
    this.#process.done.then(({ code }) => {
      const reason = `the target ended with ${code}: ${this.#process.errorLines.join(" ")}`;
      ports.reject(new Error(`Cannot take load: ${reason}`));
      // Every figure after it would be somebody else's fault.
      if (!this.#isEnding) Deno.stderr.writeSync(new TextEncoder().encode(`${reason}\n`));
    });
    this.ports = ports.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    await this.#process[Symbol.asyncDispose]();
  }
}

/** Targets and clients: everything around a subject. Disposing ends them. */
export class Rig implements AsyncDisposable {
  /** Makes load in the background. */
  readonly bulk: LoadClient;
  /** Measures in the foreground. */
  readonly ping: LoadClient;
  readonly targets: PortSet;
  /** TCP port of the UDP target, for what it is told and asked. */
  readonly control: number;
  readonly #stack: AsyncDisposableStack;

  private constructor(stack: AsyncDisposableStack, ports: { targets: PortSet; control: number }) {
    this.bulk = stack.use(new LoadClient());
    this.ping = stack.use(new LoadClient());
    this.targets = ports.targets;
    this.control = ports.control;
    this.#stack = stack;
  }

  /** Starts them. @throws {Error} If one does not start. */
  static async open(): Promise<Rig> {
    await using stack = new AsyncDisposableStack();
    const start = async (): Promise<{ readonly tcp: number; readonly udp: number }> =>
      await stack.use(new LoadTarget()).ports;
    const [bulk, ping, udp] = await Promise.all([start(), start(), start()]);
    const targets = { bulk: bulk.tcp, ping: ping.tcp, udp: udp.udp };
    return new Rig(stack.move(), { targets, control: udp.tcp });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}
