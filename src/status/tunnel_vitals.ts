import type { GatewayWay } from "../core/mapping.ts";

/** What a tunnel knows of itself at any moment; reading it wakes nobody. */
export interface TunnelVitals {
  /** When a STUN server last named the external endpoint that is announced. */
  readonly confirmedAt: Date | undefined;
  /** Routers that let strangers in to the port, the nearest one first; absent if none was asked. */
  readonly gateway?:
    | readonly {
      readonly router: string;
      readonly way: GatewayWay;
      readonly externalAddress?: string | undefined;
      readonly externalPort: number;
    }[]
    | undefined;
  /** Counters of its forwarder; absent where nothing is forwarded. */
  readonly forward?: {
    readonly method: "relay" | "nftables" | "portable";
    readonly active: number;
    readonly opened: number;
    readonly refused: number;
    readonly bytesIn: number;
    readonly bytesOut: number;
  } | undefined;
}
