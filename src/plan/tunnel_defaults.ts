import type { HostPort } from "../core/endpoint.ts";
import { DEFAULT_KEEP_ALIVE_HOSTS } from "../keeper/default_hosts.ts";
import { DEFAULT_STUN_TCP, DEFAULT_STUN_UDP } from "../stun/default_servers.ts";

/** Servers for what the user did not name. */
export interface TunnelDefaults {
  /** STUN servers for TCP. */
  readonly stunTcp: readonly HostPort[];
  /** STUN servers for UDP. */
  readonly stunUdp: readonly HostPort[];
  /** Busy HTTP hosts. */
  readonly keepAliveHosts: readonly HostPort[];
}

/** The built-in servers. */
export const TUNNEL_DEFAULTS: TunnelDefaults = {
  /** STUN servers for TCP. */
  stunTcp: DEFAULT_STUN_TCP,
  /** STUN servers for UDP. */
  stunUdp: DEFAULT_STUN_UDP,
  /** Busy HTTP hosts. */
  keepAliveHosts: DEFAULT_KEEP_ALIVE_HOSTS,
};

/** Between keep-alives: half of the 30 s that the shortest UDP lifetimes in use allow. */
export const DEFAULT_INTERVAL_MS = 15_000;
/** Between lookups without any doubt. */
export const DEFAULT_LOOKUP_INTERVAL_MS = 60_000;
