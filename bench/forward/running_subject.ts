import { delay, systemClock } from "../../src/core/clock.ts";
import { LineProcess } from "../../tests/lab/line_process.ts";
import { ProcessTree } from "./process_tree.ts";
import type { PortSet, Subject, Wiring } from "./subjects.ts";

const START_LIMIT_MS = 15_000;
/** LISTEN in /proc/net/tcp. */
const LISTENING = "0A";

/** A subject at work. Disposing ends it. */
export class RunningSubject implements AsyncDisposable {
  /** Its ports; those of the targets if there is nothing between. */
  readonly ports: PortSet;
  readonly tree: ProcessTree;
  /** From starting the process until it listened. */
  readonly startMs: number;
  readonly #processes: readonly LineProcess[];

  private constructor(processes: readonly LineProcess[], ports: PortSet, startMs: number) {
    this.#processes = processes;
    this.ports = ports;
    this.startMs = startMs;
    this.tree = new ProcessTree(processes.map(({ pid }) => pid));
  }

  /**
   * Starts a subject and waits until it listens.
   *
   * @param needsUdp Whether to wait for its UDP port, too.
   * @throws {Error} With what it said, if it ends or is too slow.
   */
  static async start(
    subject: Subject,
    wiring: Wiring,
    options: { readonly needsUdp: boolean; readonly signal: AbortSignal },
  ): Promise<RunningSubject> {
    const startedAt = performance.now();
    const processes = subject.commands(wiring).map((commandLine) =>
      LineProcess.start(commandLine, { env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" } })
    );
    const ports = processes.length === 0 ? wiring.targets : wiring.listens;
    try {
      while (!isListening(ports, options.needsUdp)) {
        const ended = processes.find(({ status }) => status !== undefined);
        if (ended || performance.now() - startedAt > START_LIMIT_MS) {
          const said = processes.flatMap(({ errorLines }) => errorLines).join(" ");
          throw new Error(
            `Cannot start ${subject.name}: ${ended ? "it ended" : "it does not listen"}: ${said}`,
          );
        }
        await delay(systemClock, 3, options.signal);
      }
    } catch (error) {
      await Promise.all(processes.map((process) => process[Symbol.asyncDispose]()));
      throw error;
    }
    return new RunningSubject(processes, ports, performance.now() - startedAt);
  }

  /** What it said on standard error last. */
  get errorLines(): readonly string[] {
    return this.#processes.flatMap(({ errorLines }) => errorLines);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process[Symbol.asyncDispose]()));
  }
}

function isListening(ports: PortSet, needsUdp: boolean): boolean {
  const tcp = table("tcp").filter((row) => row[3] === LISTENING).map((row) => row[1]?.split(":")[1]);
  const udp = table("udp").map((row) => row[1]?.split(":")[1]);
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, "0");
  return tcp.includes(hex(ports.bulk)) && tcp.includes(hex(ports.ping)) &&
    (!needsUdp || udp.includes(hex(ports.udp)));
}

function table(protocol: "tcp" | "udp"): string[][] {
  // Connections are not looked at: with thousands of them the listeners still come first.
  return Deno.readTextFileSync(`/proc/self/net/${protocol}`).split("\n").slice(1)
    .map((line) => line.trim().split(/\s+/));
}
