/** Counters of a tunnel's forwarding; rates are averages over the last seconds. */
export interface ClientsSnapshot {
  /** What really forwards. */
  readonly method: "relay" | "nftables" | "portable";
  /** Connections or sessions now. */
  readonly active: number;
  /** Since the start. */
  readonly opened: number;
  /** Turned away since the start. */
  readonly refused: number;
  /** Bytes from clients since the start. */
  readonly bytesIn: number;
  /** Bytes to clients since the start. */
  readonly bytesOut: number;
  readonly bytesInPerSecond: number;
  readonly bytesOutPerSecond: number;
}

/** What became of one hook. */
export interface HookSnapshot {
  /** The program, or the shell line. */
  readonly command: string;
  readonly runs: number;
  readonly failures: number;
  /** Events it never heard of because newer ones came. */
  readonly skipped: number;
  /** Of the last run. */
  readonly status?: number;
  readonly error?: string;
  readonly output?: string;
  readonly at?: string;
}

/** What became of one publisher. */
export interface PublishSnapshot {
  readonly provider: string;
  readonly state: "published" | "failed";
  readonly external: string;
  readonly reason?: string;
  readonly at: string;
}

/** Where a tunnel stands; `failed`: it could not be opened and is tried again. */
export type TunnelState = "opening" | "mapped" | "lost" | "unusable" | "failed";

/** One tunnel; endpoints are `ip:port`, IPv6 in brackets; times are ISO 8601 in UTC. */
export interface TunnelSnapshot {
  readonly name: string;
  readonly protocol: "tcp" | "udp";
  readonly state: TunnelState;
  /** Since when it is in this state. */
  readonly since: string;
  readonly internal?: string;
  /** What strangers connect to; of a tunnel that is `lost`, what was announced last. */
  readonly external?: string;
  readonly ip4p?: string;
  readonly target?: string;
  /** Why it is not mapped; `stopped` while the daemon ends or the tunnel starts anew. */
  readonly reason?: string;
  /** When a STUN server last named this external endpoint. */
  readonly confirmedAt?: string;
  readonly reachability?: "reachable" | "unverified";
  /** What was seen, or why nothing was. */
  readonly evidence?: string;
  /** External endpoints other than the first one, since the start. */
  readonly changes: number;
  readonly hooks: readonly HookSnapshot[];
  readonly publish: readonly PublishSnapshot[];
  readonly clients?: ClientsSnapshot;
}

/** What `status --json`, the status file and `GET /status` show; fields never change their meaning. */
export interface ServiceSnapshot {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: string;
  /** When this was taken. */
  readonly at: string;
  /** Path of the configuration; absent where there is none. */
  readonly config?: string;
  /** The last try to load it. */
  readonly configLoadedAt?: string;
  /** Why the last reload changed nothing; absent if it worked. */
  readonly configFault?: string;
  readonly tunnels: readonly TunnelSnapshot[];
}
