import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Random } from "../core/random.ts";
import { probeFromOutside, type ProbeFromOutsideOptions, type ReflectorAccess } from "./ask_reflector.ts";
import type { OutsideFinding, ReachState } from "./evidence.ts";
import { DATAGRAM_BYTES } from "./knock.ts";

/** What somebody outside saw, as the NAT check takes it. */
export interface OutsideProbeResult {
  /** Whether it got in. */
  readonly state: "open" | "closed" | "unknown";
  /** Why it could not tell, in English. */
  readonly reason?: string | undefined;
  /** Who tried and what came of it, in English. */
  readonly evidence: string;
  /** Whether it came from the address this host had talked to; absent if it did not come at all. */
  readonly fromAskedAddress?: boolean | undefined;
}

/** Options for {@linkcode outsideProbeOf}. */
export interface OutsideProbeOptions extends Omit<ReflectorAccess, "signal"> {
  /** For the bytes that are to be echoed. */
  readonly random: Random;
  /** How long the reflector may try. @default {5000} */
  readonly limitMs?: ProbeFromOutsideOptions["limitMs"];
}

const STATES: Readonly<Record<ReachState, OutsideProbeResult["state"]>> = {
  yes: "open",
  no: "closed",
  unknown: "unknown",
};

/**
 * A reflector in the shape that the NAT check asks for. Over TCP a connection that is accepted is enough; over UDP the
 * endpoint has to echo the datagram, 32 random bytes, so that its silence means that nothing came.
 *
 * @returns A function that throws as {@linkcode probeFromOutside} does.
 */
export function outsideProbeOf(
  options: OutsideProbeOptions,
): (endpoint: Endpoint, protocol: Protocol, signal: AbortSignal) => Promise<OutsideProbeResult> {
  const { random, ...access } = options;
  return async (endpoint, protocol, signal) => {
    const bytes = protocol === "udp" ? random.bytes(DATAGRAM_BYTES) : undefined;
    const finding = await probeFromOutside(endpoint, {
      ...access,
      protocol,
      send: bytes,
      expect: bytes,
      signal,
    });
    return {
      state: STATES[finding.state],
      reason: finding.state === "unknown" ? reasonOf(finding) : undefined,
      evidence: evidenceOf(endpoint, protocol, finding),
      fromAskedAddress: finding.fromAskedAddress,
    };
  };
}

function reasonOf({ reason, seen, detail, witness }: OutsideFinding): string {
  if (reason === "other-address") return `${witness} sees this host at ${seen}`;
  return detail ?? reason;
}

function evidenceOf(endpoint: Endpoint, protocol: Protocol, finding: OutsideFinding): string {
  const { witness, from, reason, detail, seen } = finding;
  const who = from === undefined ? witness : `${witness} (${formatEndpoint(from)})`;
  const more = reason === "other-address" ? ` (${seen})` : detail === undefined ? "" : ` (${detail})`;
  return `${who} knocked at ${formatEndpoint(endpoint)} over ${protocol}: ${reason}${more}`;
}
