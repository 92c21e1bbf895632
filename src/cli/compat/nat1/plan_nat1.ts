import { NAT1_TYPES } from "../../../config/import/nat1_config.ts";
import { GATEWAY_OFF } from "../../../gateway/settings.ts";
import { completeForward } from "../../../plan/complete_forward.ts";
import { completeTunnel } from "../../../plan/complete_tunnel.ts";
import { withSharing } from "../../../plan/port_sharing.ts";
import type { ServicePlan } from "../../../plan/service_plan.ts";
import { TUNNEL_DEFAULTS } from "../../../plan/tunnel_defaults.ts";
import type { OwnFlags } from "../natter/own_flags.ts";
import type { Nat1Settings } from "./nat1_settings.ts";

/** Name of the one tunnel, in JSON lines. */
const NAME = "nat1";
/** nat1_traversal never closes an idle TCP connection; a day is as good, and what is dead does not stay for ever. */
const TCP_IDLE_MS = 86_400_000;

/** What nat1_traversal does with these settings, as one tunnel. Pure. */
export function planNat1(settings: Nat1Settings, own: Pick<OwnFlags, "stun" | "keepAlive">): ServicePlan {
  const { type, local, remote, proxyProtocol, publisher } = settings;
  const { protocol } = NAT1_TYPES[type];
  const stun = own.stun.length === 0 ? undefined : own.stun;
  const tunnel = completeTunnel({
    name: NAME,
    protocol,
    family: 4,
    address: local.address === "0.0.0.0" ? undefined : local.address,
    port: { kind: "fixed", port: local.port },
    device: undefined,
    mark: undefined,
    stun,
    canary: stun,
    keepAlive: own.keepAlive.length === 0 ? undefined : own.keepAlive,
    intervalMs: undefined,
    // nat1_traversal announces whatever STUN says; a port that the user's router forwards is open where others are shut.
    isForced: true,
    gateway: GATEWAY_OFF,
    hooks: [],
    publish: publisher === undefined ? [] : [publisher],
  }, TUNNEL_DEFAULTS);
  if (remote === undefined) return { tunnels: [withSharing(tunnel)], status: {} };
  const forward = completeForward(tunnel, {
    target: { host: remote.address, port: remote.port },
    proxyProtocol,
    idleMs: protocol === "tcp" ? TCP_IDLE_MS : undefined,
  });
  return { tunnels: [{ ...tunnel, forward }], status: {} };
}
