import type { Endpoint } from "../../../core/endpoint.ts";
import { errorMessage } from "../../../core/errors.ts";
import type { Logger } from "../../../core/log.ts";
import type { Protocol } from "../../../core/mapping.ts";
import type { Platform } from "../../../core/platform.ts";
import { TUNNEL_DEFAULTS } from "../../../plan/tunnel_defaults.ts";
import { checkTransportNat } from "../natter/check_nat.ts";
import { NAT_NUMBERS, type NatCheck, type NatType } from "../natter/nat_check.ts";
import type { OwnFlags } from "../natter/own_flags.ts";
import { at, LINES, localUnusable, natType } from "./nat1_lines.ts";

/** Options for {@linkcode runNatTest}. */
export interface NatTestOptions {
  readonly platform: Platform;
  readonly log: Logger;
  /** What is tested; absent: any port. */
  readonly local: Endpoint | undefined;
  readonly own: Pick<OwnFlags, "stun">;
  readonly signal: AbortSignal;
}

/** What nat1_traversal calls them. */
const NAMES: Readonly<Record<NatType, string>> = {
  "open": "OPEN INTERNET",
  "full-cone": "FULL CONE",
  "restricted": "RESTRICTED",
  "port-restricted": "PORT RESTRICTED",
  "symmetric": "SYMMETRIC",
  "firewall": "没有NAT，但防火墙拦截外部连接",
  "unknown": "UNKNOWN",
};

const FILTERING: Readonly<Partial<Record<NatType, string>>> = {
  "full-cone": "Endpoint-Independent Filtering",
  "restricted": "Address-Dependent Filtering",
  "port-restricted": "Address and Port-Dependent Filtering",
};

/**
 * `--nat-type-test`: over both transports at once, told in turn. What was not seen is -1, never a guess.
 *
 * @returns 0; 1 if the local address cannot be bound.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function runNatTest(options: NatTestOptions): Promise<number> {
  const { platform, log, local, own: { stun }, signal } = options;
  const { stunTcp, stunUdp } = TUNNEL_DEFAULTS;
  log.info(LINES.natTest);
  const common = {
    platform,
    address: local === undefined || local.address === "0.0.0.0" ? undefined : local.address,
    port: local?.port,
    signal,
  };
  const [tcp, udp] = await Promise.allSettled([
    checkTransportNat("tcp", { ...common, servers: stun.length === 0 ? stunTcp : stun }),
    checkTransportNat("udp", { ...common, servers: stun.length === 0 ? stunUdp : stun }),
  ]);
  signal.throwIfAborted();
  let status = 0;
  for (const [protocol, check] of [["tcp", tcp], ["udp", udp]] as const) {
    if (check.status === "fulfilled") {
      for (const line of natTestLines(protocol, check.value)) log.info(line);
    } else {
      log.error(localUnusable(errorMessage(check.reason)));
      status = 1;
    }
  }
  return status;
}

/** What was found out, and the number last. A cloud host's 1:1 NAT is no NAT here. Pure. */
export function natTestLines(protocol: Protocol, check: NatCheck): readonly string[] {
  const { mapping, reason, external, isOneToOne = false } = check;
  const type = isOneToOne ? "open" : check.type;
  const filtering = FILTERING[type];
  const details = [
    ...(external === undefined ? [] : [at(external)]),
    ...(type !== "open" && mapping === "same" ? ["Endpoint-Independent Mapping"] : []),
    ...(mapping === "differs" ? ["Address and Port-Dependent Mapping"] : []),
    ...(filtering === undefined ? [] : [filtering]),
    reason === undefined ? NAMES[type] : `${NAMES[type]} (${reason})`,
  ];
  return [
    ...details.map((line) => `${protocol.toUpperCase()}: ${line}`),
    natType(protocol, numberOf(type)),
  ];
}

/** nat1_traversal has no number for a firewall without NAT; what strangers meet is that of the fourth kind. */
function numberOf(type: NatType): number {
  return type === "firewall" ? NAT_NUMBERS["port-restricted"] : NAT_NUMBERS[type];
}
