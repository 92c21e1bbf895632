/**
 * `porthole_driver.ts [--nftables] (--tcp|--udp) ENDPOINT=TARGET …`: our forwarder alone, until SIGTERM or the
 * end of standard input. It says
 * `ready` on standard output. What it is told of clients is dropped, as a log that is off drops it.
 */
import { parseArgs } from "node:util";
import { systemClock } from "../../src/core/clock.ts";
import { parseEndpoint, parseHostPort } from "../../src/core/endpoint.ts";
import { silentLogger } from "../../src/core/log.ts";
import type { Protocol } from "../../src/core/mapping.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { Forwarder } from "../../src/forward/forwarder.ts";
import { openForwarder } from "../../src/forward/open_forwarder.ts";
import {
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_TCP_IDLE_MS,
  DEFAULT_UDP_IDLE_MS,
} from "../../src/forward/options.ts";
import { keepMemoryLean } from "../../src/net/lean_memory.ts";
import { openNet } from "../../src/net/open_net.ts";

async function forwardPorts(
  forwarder: Forwarder,
  { protocol, method, text }: { protocol: Protocol; method: "relay" | "nftables"; text: string },
): Promise<void> {
  const [internal = "", target = ""] = text.split("=");
  await forwarder.forward(parseEndpoint(internal), {
    name: `${protocol} ${internal}`,
    protocol,
    target: parseHostPort(target),
    method,
    idleMs: protocol === "tcp" ? DEFAULT_TCP_IDLE_MS : DEFAULT_UDP_IDLE_MS,
    connectTimeoutMs: DEFAULT_CONNECT_TIMEOUT_MS,
    isTransparent: false,
    access: { allow: [], deny: [] },
  }, () => {});
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      tcp: { type: "string", multiple: true, default: [] },
      udp: { type: "string", multiple: true, default: [] },
      nftables: { type: "boolean", default: false },
    },
  });
  const stopped = Promise.withResolvers<void>();
  Deno.addSignalListener("SIGTERM", () => stopped.resolve());
  // Whoever started this holds the other end, and may die without a word.
  Deno.stdin.readable.pipeTo(new WritableStream()).finally(() => stopped.resolve());
  {
    await using net = openNet({ log: silentLogger });
    const platform = { net, clock: systemClock, random: systemRandom, log: silentLogger };
    using _lean = keepMemoryLean(platform);
    await using forwarder = await openForwarder({ platform });
    const method = values.nftables ? "nftables" : "relay";
    for (const protocol of ["tcp", "udp"] as const) {
      for (const text of values[protocol]) await forwardPorts(forwarder, { protocol, method, text });
    }
    Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
    await stopped.promise;
  }
  Deno.exit(0);
}

if (import.meta.main) main();
