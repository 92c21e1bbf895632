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
  /** From clients, lately. */
  readonly bytesInPerSecond: number;
  /** To clients, lately. */
  readonly bytesOutPerSecond: number;
}

/** What became of one hook. */
export interface HookSnapshot {
  /** The program, or the shell line. */
  readonly command: string;
  /** Since the start. */
  readonly runs: number;
  /** Runs that failed or could not start. */
  readonly failures: number;
  /** Events it never heard of because newer ones came. */
  readonly skipped: number;
  /** Of the last run. */
  readonly status?: number;
  /** Why it failed, for people. */
  readonly error?: string;
  /** Last line it wrote. */
  readonly output?: string;
  /** When it ended. */
  readonly at?: string;
}

/** What became of one publisher. */
export interface PublishSnapshot {
  /** Which kind of publisher. */
  readonly provider: string;
  /** What it changes, for people: names, a site, a file. */
  readonly place?: string;
  /** How the last try ended. */
  readonly state: "published" | "failed";
  /** What was published, or was to be. */
  readonly external: string;
  /** Why it failed, for people. */
  readonly reason?: string;
  /** When that was. */
  readonly at: string;
}

/** A router that was asked to let strangers in. */
export interface GatewaySnapshot {
  /** Its address. */
  readonly router: string;
  /** The protocol it was asked by. */
  readonly way: "pcp" | "nat-pmp" | "upnp";
  /** Its own address on the far side; absent if it did not say. */
  readonly address?: string;
  /** Its port there. */
  readonly port: number;
}

/** Where a tunnel stands; `failed`: it could not be opened and is tried again. */
export type TunnelState = "opening" | "mapped" | "lost" | "unusable" | "failed";

/** One tunnel; endpoints are `ip:port`, IPv6 in brackets; times are ISO 8601 in UTC. */
export interface TunnelSnapshot {
  /** Name of the tunnel. */
  readonly name: string;
  /** Its transport. */
  readonly protocol: "tcp" | "udp";
  /** Where it stands. */
  readonly state: TunnelState;
  /** Since when it is in this state. */
  readonly since: string;
  /** What is bound on this host. */
  readonly internal?: string;
  /** What strangers connect to; of a tunnel that is `lost`, what was announced last. */
  readonly external?: string;
  /** The external endpoint as IP4P (IPv4 only). */
  readonly ip4p?: string;
  /** Where forwarded traffic goes. */
  readonly target?: string;
  /** Why it is not mapped; `stopped` while the daemon ends or the tunnel starts anew. */
  readonly reason?: string;
  /** When a STUN server last named this external endpoint. */
  readonly confirmedAt?: string;
  /** Whether strangers were seen to get in. */
  readonly reachability?: "reachable" | "unverified";
  /** What was seen, or why nothing was. */
  readonly evidence?: string;
  /** Routers of the user that let strangers in to the port, the nearest one first; absent if none does. */
  readonly gateway?: readonly GatewaySnapshot[];
  /** External endpoints other than the first one, since the start. */
  readonly changes: number;
  /** Those that ran. */
  readonly hooks: readonly HookSnapshot[];
  /** Those that were tried. */
  readonly publish: readonly PublishSnapshot[];
  /** Absent where nothing is forwarded. */
  readonly clients?: ClientsSnapshot;
}

/** What `status --json`, the status file and `GET /status` show; fields never change their meaning. */
export interface ServiceSnapshot {
  /** Of porthole. */
  readonly version: string;
  /** Of the process. */
  readonly pid: number;
  /** When the process started. */
  readonly startedAt: string;
  /** When this was taken. */
  readonly at: string;
  /** Path of the configuration; absent where there is none. */
  readonly config?: string;
  /** The last try to load it. */
  readonly configLoadedAt?: string;
  /** Why the last reload changed nothing; absent if it worked. */
  readonly configFault?: string;
  /** In the order of the configuration. */
  readonly tunnels: readonly TunnelSnapshot[];
}
