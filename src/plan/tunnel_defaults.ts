import type { HostPort } from "../core/endpoint.ts";
import { DEFAULT_KEEP_ALIVE_HOSTS } from "../keeper/default_hosts.ts";
import { DEFAULT_STUN_TCP, DEFAULT_STUN_UDP } from "../stun/default_servers.ts";

/** Servers for what the user did not name. */
export interface TunnelDefaults {
  readonly stunTcp: readonly HostPort[];
  readonly stunUdp: readonly HostPort[];
  readonly keepAliveHosts: readonly HostPort[];
}

/** The built-in servers. */
export const TUNNEL_DEFAULTS: TunnelDefaults = {
  stunTcp: DEFAULT_STUN_TCP,
  stunUdp: DEFAULT_STUN_UDP,
  keepAliveHosts: DEFAULT_KEEP_ALIVE_HOSTS,
};

/** Between keep-alives: half of the 30 s that the shortest UDP lifetimes in use allow. */
export const DEFAULT_INTERVAL_MS = 15_000;
/** Between lookups without any doubt. */
export const DEFAULT_LOOKUP_INTERVAL_MS = 60_000;
