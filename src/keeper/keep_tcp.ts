import type { KeeperOptions } from "./options.ts";
import type { Platform } from "../core/platform.ts";
import { HostRotation } from "./host_rotation.ts";
import { TcpAnchor } from "./tcp_anchor.ts";
import type { Transport } from "./transport.ts";

/** TCP: a bound socket holds the port, a long-lived connection to an HTTP host holds the mapping. */
export function keepTcp(options: KeeperOptions, platform: Platform): Transport {
  const { family, device, mark, keepAliveHosts, intervalMs } = options;
  const hosts = new HostRotation({ hosts: keepAliveHosts, family, platform });
  return {
    hold: (local) => platform.net.reservePort({ local, device, mark, reusePort: true }),
    openAnchor: (local, probe, handlers) =>
      TcpAnchor.open({ platform, local, device, mark, hosts, intervalMs, probe, ...handlers }),
  };
}
