import { checkNat } from "../../../behavior/check_nat.ts";
import type { HostPort } from "../../../core/endpoint.ts";
import type { Protocol } from "../../../core/mapping.ts";
import type { Platform } from "../../../core/platform.ts";
import { type NatCheck, natCheckOf } from "./nat_check.ts";

/** Options for {@linkcode checkTransportNat}. */
export interface CheckTransportOptions {
  readonly platform: Platform;
  /** STUN servers of the transport. */
  readonly servers: readonly HostPort[];
  /** Local address; `undefined`: the one the system would use towards the servers. */
  readonly address?: string | undefined;
  /** Local port; 0 takes any. @default {0} */
  readonly port?: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Finds out what kind of NAT there is over one transport, as the front ends name it: `porthole check` in other words.
 * Takes 10 s at the most; "unknown" rather than fail. Over TCP nobody outside is asked to knock, so a NAT without
 * hairpinning leaves it "unknown" whether strangers get in.
 *
 * @throws {Error} With the kernel's `code` if the port cannot be bound.
 * @throws `signal.reason` if aborted.
 */
export async function checkTransportNat(
  protocol: Protocol,
  options: CheckTransportOptions,
): Promise<NatCheck> {
  const { platform, servers, address, port, signal } = options;
  const { [protocol]: report } = await checkNat({
    ...{ platform, port, signal, localAddress: address },
    protocols: [protocol],
    servers: { udp: servers, tcp: servers },
  });
  if (report === undefined) return { type: "unknown", mapping: "unknown", reason: "nothing was checked" };
  if (report.bindError !== undefined) throw report.bindError;
  return natCheckOf(report);
}
