/**
 * A NAT, STUN servers and keep-alive hosts on loopback, in a process of their own. Prints what {@linkcode WorldLine}
 * names; a line on standard input restarts the NAT, its end ends the world.
 */
import { systemClock } from "../../src/core/clock.ts";
import { formatEndpoint } from "../../src/core/endpoint.ts";
import { silentLogger } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { openDemoWorld } from "../../src/cli/demo_world.ts";
import { openNet } from "../../src/net/open_net.ts";
import { TextLineStream } from "../../tests/lab/text_lines.ts";
import { CountingNet } from "./counting_net.ts";

/** A JSON line of the world; times are milliseconds since the epoch. */
export type WorldLine =
  | {
    readonly kind: "open";
    /** Address of the host at home. */
    readonly home: string;
    readonly stun: readonly string[];
    readonly web: readonly string[];
  }
  | { readonly kind: "stun"; readonly requests: readonly StunRequest[] }
  /** The NAT has forgotten everything. */
  | { readonly kind: "restarted"; readonly at: number };

/** A STUN request that arrived. */
export interface StunRequest {
  readonly atMs: number;
  /** Address of the server. */
  readonly server: string;
}

const FLUSH_MS = 100;

function now(): number {
  return performance.timeOrigin + performance.now();
}

function print(line: WorldLine): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
}

async function main(): Promise<void> {
  await using net = openNet({ log: silentLogger });
  let requests: StunRequest[] = [];
  const counting = new CountingNet(net, (server) => requests.push({ atMs: now(), server }));
  const platform = { net: counting, clock: systemClock, random: systemRandom, log: silentLogger };
  await using world = await openDemoWorld(platform);
  for (const { address } of world.stunServers) counting.watched.add(address);
  print({
    kind: "open",
    home: world.home,
    stun: world.stunServers.map(formatEndpoint),
    web: world.webServers.map(formatEndpoint),
  });
  const timer = setInterval(() => {
    if (requests.length === 0) return;
    print({ kind: "stun", requests });
    requests = [];
  }, FLUSH_MS);
  for await (const _line of Deno.stdin.readable.pipeThrough(new TextLineStream())) {
    world.box.restart();
    print({ kind: "restarted", at: now() });
  }
  clearInterval(timer);
}

if (import.meta.main) main();
