/**
 * Many mappings in one process, until a signal ends it. Arguments: protocol, count, STUN servers, keep-alive
 * hosts (addresses, comma-separated). Prints the name of each mapping when it stands.
 */
import { systemClock } from "../src/core/clock.ts";
import { silentLogger } from "../src/core/log.ts";
import { systemRandom } from "../src/core/random.ts";
import { runTunnels } from "../src/daemon/run_tunnels.ts";
import { GATEWAY_OFF } from "../src/gateway/settings.ts";
import { openNet } from "../src/net/open_net.ts";
import type { TunnelPlan } from "../src/plan/tunnel_plan.ts";
import { INTERNAL_PORTS, STUN_PORT } from "../tests/lab/addresses.ts";

function plan(protocol: "tcp" | "udp", index: number, stun: string, hosts: string): TunnelPlan {
  const servers = stun.split(",").map((host) => ({ host, port: STUN_PORT }));
  return {
    name: `${index}`,
    protocol,
    family: 4,
    port: { kind: "fixed", port: INTERNAL_PORTS.first + index },
    stunServers: servers,
    canaryServers: servers,
    keepAliveHosts: hosts.split(",").map((host) => ({ host, port: 80 })),
    intervalMs: 15_000,
    lookupIntervalMs: 60_000,
    isForced: false,
    servesTestPage: false,
    hooks: [],
    publish: [],
    sharesPort: false,
    waitsForService: false,
    gateway: GATEWAY_OFF,
  };
}

async function main([protocol, count, stun = "", hosts = ""]: readonly string[]): Promise<void> {
  if (protocol !== "tcp" && protocol !== "udp") throw new SyntaxError(`Cannot use protocol "${protocol}"`);
  await using net = openNet({ log: silentLogger });
  const controller = new AbortController();
  Deno.addSignalListener("SIGTERM", () => controller.abort());
  const encoder = new TextEncoder();
  const plans = Array.from({ length: Number(count) }, (_, index) => plan(protocol, index, stun, hosts));
  await runTunnels(plans, {
    platform: { net, clock: systemClock, random: systemRandom, log: silentLogger },
    emit: ({ event, name }) => {
      if (event === "mapped") Deno.stdout.writeSync(encoder.encode(`${name}\n`));
    },
    signal: controller.signal,
    endsWhenUnusable: false,
    lang: "en",
  });
  Deno.exit(0);
}

if (import.meta.main) main(Deno.args);
