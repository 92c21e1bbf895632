/** What a tunnel knows of itself at any moment; reading it wakes nobody. */
export interface TunnelVitals {
  /** When a STUN server last named the external endpoint that is announced. */
  readonly confirmedAt: Date | undefined;
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
