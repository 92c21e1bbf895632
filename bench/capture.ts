import { delay, systemClock } from "../src/core/clock.ts";
import { inNamespace } from "../tests/lab/command.ts";
import type { Lab } from "../tests/lab/lab.ts";
import { LineProcess } from "../tests/lab/line_process.ts";

/** A packet of the lab's host, TCP or UDP over IPv4. */
export interface Packet {
  /** Milliseconds since the epoch, by the kernel. */
  readonly atMs: number;
  /** `ADDRESS:PORT` */
  readonly from: string;
  readonly to: string;
}

const LINE = /^(\d+\.\d+) IP ([\d.]+)\.(\d+) > ([\d.]+)\.(\d+):/;

/** tcpdump on the host's wire. Disposing ends it. */
export class Capture implements AsyncDisposable {
  /** What was seen so far, in order. */
  readonly packets: Packet[] = [];
  readonly #process: LineProcess;

  private constructor(lab: Lab) {
    const command = ["tcpdump", "-i", "lan0", "-n", "-tt", "-l", "--immediate-mode", "tcp or udp"];
    this.#process = LineProcess.start(inNamespace(lab.names.router, command), {
      onLine: (line) => {
        const [, at, ...parts] = LINE.exec(line) ?? [];
        const [fromHost, fromPort, toHost, toPort] = parts;
        if (at === undefined) return;
        this.packets.push({
          atMs: Number(at) * 1000,
          from: `${fromHost}:${fromPort}`,
          to: `${toHost}:${toPort}`,
        });
      },
    });
  }

  /**
   * Starts capturing.
   *
   * @throws {Error} If tcpdump does not start.
   */
  static async start(lab: Lab): Promise<Capture> {
    const capture = new Capture(lab);
    while (!capture.#process.errorLines.some((line) => line.includes("listening on"))) {
      if (capture.#process.status) {
        throw new Error(`Cannot run tcpdump: ${capture.#process.errorLines.join(" ")}`);
      }
      await delay(systemClock, 20, lab.signal);
    }
    return capture;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
