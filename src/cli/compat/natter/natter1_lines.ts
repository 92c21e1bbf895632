import type { Endpoint } from "../../../core/endpoint.ts";
import type { Protocol } from "../../../core/mapping.ts";
import type { NatCheck, NatType } from "./nat_check.ts";

/** A mapping as Natter 0.9 announces it. */
export interface Natter1Mapping {
  readonly protocol: Protocol;
  /** The target where something is forwarded, else what is bound. */
  readonly inner: Endpoint;
  readonly outer: Endpoint;
}

/** `>>> [TCP] ('192.168.1.2', 3456) -> ('203.0.113.10', 14500) <<<`, with Python's tuples. */
export function mappingLine({ protocol, inner, outer }: Natter1Mapping): string {
  const tuple = ({ address, port }: Endpoint): string => `('${address}', ${port})`;
  return `>>> [${protocol.toUpperCase()}] ${tuple(inner)} -> ${tuple(outer)} <<<`;
}

/** One line of `--check-nat`. */
export interface CheckLine {
  readonly level: "info" | "warn";
  readonly text: string;
}

const NAT_NAMES: Readonly<Record<NatType, string>> = {
  "open": "Open Internet",
  "firewall": "Symmetric UDP firewall",
  "full-cone": "Full cone (NAT 1)",
  "restricted": "Restricted (NAT 2)",
  "port-restricted": "Port restricted (NAT 3)",
  "symmetric": "Symmetric (NAT 4)",
  "unknown": "Unknown",
};

const NO_NAT = "It looks like you are not in a NAT network, so there is no need to use this tool.";
const NOT_FULL_CONE = "The NAT type of your network is not full cone (NAT 1). TCP hole punching may fail.";
const SYMMETRIC = "You cannot perform TCP hole punching in a symmetric NAT network.";

/** What `--check-nat` says of UDP. "Unknown" comes with what was seen instead of a guess. */
export function udpCheckLines({ type, reason }: NatCheck): readonly CheckLine[] {
  const lines: CheckLine[] = [{ level: "info", text: `NAT Type for UDP: [ ${NAT_NAMES[type]} ]` }];
  if (type === "open") return [...lines, { level: "warn", text: NO_NAT }];
  if (type === "full-cone") return lines;
  if (type !== "unknown") return [...lines, { level: "warn", text: NOT_FULL_CONE }];
  return [...lines, {
    level: "warn",
    text: `Cannot tell the NAT type for UDP: ${reason ?? "nothing was seen"}`,
  }];
}

/** What `--check-nat` says of TCP: only whether the mapping is the same for everybody. */
export function tcpCheckLines({ mapping, reason }: NatCheck): readonly CheckLine[] {
  switch (mapping) {
    case "same":
      return [{ level: "info", text: "NAT Type for TCP: [ Cone NAT ]" }];
    case "differs":
      return [{ level: "info", text: "NAT Type for TCP: [ Symmetric ]" }, { level: "warn", text: SYMMETRIC }];
    case "unknown":
      return [
        { level: "info", text: "NAT Type for TCP: [ Unknown ]" },
        { level: "warn", text: `Cannot tell the NAT type for TCP: ${reason ?? "nothing was seen"}` },
      ];
  }
}
