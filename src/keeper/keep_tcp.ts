import type { KeeperOptions } from "./options.ts";
import type { Platform } from "../core/platform.ts";
import { HostRotation } from "./host_rotation.ts";
import { type AnchorProbe, TcpAnchor } from "./tcp_anchor.ts";
import type { Transport } from "./transport.ts";
import { TurnNet } from "./turn_net.ts";

/** Only has to find a broken host or connection: the uplink's sentinel is what notices a restart of the NAT. */
const PROBE: AnchorProbe = { idleSeconds: 5, intervalSeconds: 2, userTimeoutMs: 10_000 };

/** TCP: a bound socket holds the port, a long-lived connection to an HTTP host holds the mapping. */
export function keepTcp(options: KeeperOptions, platform: Platform): Transport {
  const { family, device, mark, keepAliveHosts } = options;
  const hosts = new HostRotation({ hosts: keepAliveHosts, family, platform });
  return {
    hold: (local) => platform.net.reservePort({ local, device, mark, reusePort: true }),
    openAnchor: (local, handlers, turn) => {
      const net = turn === undefined ? platform.net : new TurnNet(platform, turn);
      return TcpAnchor.open({
        platform: { ...platform, net },
        ...{ local, device, mark, hosts, probe: PROBE },
        // It may change while the connection stands.
        get intervalMs(): number {
          return options.intervalMs;
        },
        ...handlers,
      });
    },
  };
}
