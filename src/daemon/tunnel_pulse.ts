import { KeeperControl } from "../keeper/keeper_control.ts";
import type { ForwardSession } from "../forward/forwarder.ts";
import type { TunnelVitals } from "../status/tunnel_vitals.ts";
import type { TunnelGateway } from "./tunnel_gateway.ts";

/** What is known of a running tunnel at any moment, beside its events. */
export class TunnelPulse {
  /** To ask the keeper for a lookup. */
  readonly control: KeeperControl = new KeeperControl();
  /** When a STUN server last named the announced external endpoint. */
  confirmedAt: Date | undefined;
  /** Forwarding at work. */
  forwarding: ForwardSession | undefined;

  /** What routers do for it. */
  gateway: TunnelGateway | undefined;

  /** All of it, for the snapshot. */
  get vitals(): TunnelVitals {
    const { confirmedAt, forwarding, gateway } = this;
    return {
      confirmedAt,
      gateway: gateway?.hops,
      forward: forwarding && { method: forwarding.method, ...forwarding.counters },
    };
  }
}
