import { errorMessage } from "../../src/core/errors.ts";
import type { GateName, GatePorts } from "./load/gates.ts";
import type { Rig } from "./rig.ts";
import type { RunningSubject } from "./running_subject.ts";

const TCP_GATES: readonly GateName[] = ["halfClose", "singleBytes", "shortConnections"];
const RESET_GATES: readonly GateName[] = ["resetDown", "resetUp"];
const UDP_GATES: readonly GateName[] = ["datagramContent", "datagramExtremes", "datagramOrder"];

/** What a forwarder may use more after a stalled stream of more than 100 MiB; the rest has to wait at the sender. */
const STALL_GROWTH_MEBIBYTES = 40;

/** What is wrong with a subject; empty if nothing is. */
export interface GateReport {
  /** Bytes get lost or altered, or memory grows. */
  readonly tcp: readonly string[];
  readonly udp: readonly string[];
  /** Resets become ordinary ends: both sides take what was cut off for whole. None of the usual peers passes them on. */
  readonly resets: readonly string[];
}

/** Checks a subject's correctness: without it there are no figures. */
export async function gateSubject(
  rig: Rig,
  subject: RunningSubject,
  options: { readonly hasUdp: boolean },
): Promise<GateReport> {
  const ports = { port: subject.ports.ping, targetPort: rig.targets.ping };
  const udpPorts = { port: subject.ports.udp, targetPort: rig.control };
  return {
    resets: await passGates(rig, RESET_GATES, ports),
    tcp: [
      ...await passGates(rig, TCP_GATES, ports),
      ...await passStall(rig, subject, ports),
    ],
    udp: options.hasUdp ? await passGates(rig, UDP_GATES, udpPorts) : [],
  };
}

/** Runs some gates. @returns What was wrong, each with the gate's name. */
export async function passGates(
  { ping }: Rig,
  names: readonly GateName[],
  ports: GatePorts,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const name of names) {
    try {
      await ping.run("gate", { name, ...ports });
    } catch (error) {
      wrong.push(`${name}: ${errorMessage(error)}`);
    }
  }
  return wrong;
}

async function passStall(rig: Rig, { tree }: RunningSubject, ports: GatePorts): Promise<string[]> {
  const before = tree.rssMebibytes();
  const wrong = await passGates(rig, ["slowReader"], ports);
  const growth = tree.rssMebibytes() - before;
  return growth > STALL_GROWTH_MEBIBYTES
    ? [...wrong, `slowReader: it grew by ${growth.toFixed(0)} MiB`]
    : wrong;
}
