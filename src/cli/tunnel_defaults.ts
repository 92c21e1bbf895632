import { DEFAULT_KEEP_ALIVE_HOSTS } from "../keeper/default_hosts.ts";
import { DEFAULT_STUN_TCP, DEFAULT_STUN_UDP } from "../stun/default_servers.ts";
import type { PlanTunnelsOptions } from "./plan_tunnels.ts";

/** The built-in servers, for what the user does not name. */
export const TUNNEL_DEFAULTS: PlanTunnelsOptions["defaults"] = {
  stunTcp: DEFAULT_STUN_TCP,
  stunUdp: DEFAULT_STUN_UDP,
  keepAliveHosts: DEFAULT_KEEP_ALIVE_HOSTS,
};
