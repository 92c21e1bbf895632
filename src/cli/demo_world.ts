import type { Endpoint } from "../core/endpoint.ts";
import type { Platform } from "../core/platform.ts";
import { openKeepAliveServer } from "../box/keep_alive_server.ts";
import { type NatBox, openNatBox } from "../box/nat_box.ts";
import type { NatProfile } from "../box/nat_profile.ts";
import { OutsideNet } from "../box/outside_net.ts";
import { openStunServer } from "../stun/stun_server.ts";

/** So many that the canary may ask one every 2 s without asking any more often than every 10 s. */
const STUN_SERVERS = 5;
const WEB_SERVERS = 2;

/** Options for {@linkcode openDemoWorld}. */
export interface DemoWorldOptions {
  /** @default {"full-cone"} */
  readonly profile?: NatProfile | undefined;
  /** An idle mapping is forgotten after so many milliseconds. @default {undefined} (never) */
  readonly lifetimeMs?: number | undefined;
}

/** A home, a carrier's NAT and an internet, on loopback. Disposing ends all of it. */
export interface DemoWorld extends AsyncDisposable {
  readonly box: NatBox;
  /** Address of the host at home. */
  readonly home: string;
  /** Address of somebody outside. */
  readonly visitor: string;
  /** As the home reaches them. */
  readonly stunServers: readonly Endpoint[];
  /** As the home reaches them. */
  readonly webServers: readonly Endpoint[];
}

/**
 * Builds the world of the demo. Each run takes addresses of its own, so that two demos, or a demo and the tests,
 * do not meet.
 *
 * @throws {Error} With the kernel's `code` if a socket cannot be opened; nothing stays open then.
 */
export async function openDemoWorld(
  platform: Platform,
  options: DemoWorldOptions = {},
): Promise<DemoWorld> {
  const { profile = "full-cone", lifetimeMs } = options;
  const { net, clock, random, log } = platform;
  const run = Math.floor(random.fraction() * 256);
  const host = (number: number): { inside: string; outside: string } => ({
    inside: `127.64.${run}.${number}`,
    outside: `127.80.${run}.${number}`,
  });
  const stunHosts = Array.from({ length: STUN_SERVERS }, (_, i) => host(11 + i));
  const webHosts = Array.from({ length: WEB_SERVERS }, (_, i) => host(31 + i));
  const outside = new OutsideNet(net, [...stunHosts, ...webHosts]);
  await using stack = new AsyncDisposableStack();
  const facades: Endpoint[] = [];
  const stunServers: Endpoint[] = [];
  for (const [i, { inside }] of stunHosts.entries()) {
    const next = stunHosts[(i + 1) % stunHosts.length]?.inside ?? inside;
    const listen = { address: inside, port: 0 };
    const server = stack.use(
      await openStunServer({ net: outside, listen, alternate: { address: next, port: 0 }, log }),
    );
    stunServers.push(server.listen);
    facades.push(...placesOf(server.listen, server.alternate ?? server.listen));
  }
  const webServers: Endpoint[] = [];
  for (const { inside } of webHosts) {
    const listen = { address: inside, port: 0 };
    const server = stack.use(await openKeepAliveServer({ net: outside, clock, listen }));
    webServers.push(server.local);
    facades.push(server.local);
  }
  const external = `127.70.${run}.1`;
  const box = stack.use(
    await openNatBox({
      platform,
      profile,
      lifetimeMs,
      external,
      facades: facades.map((inside) => ({ inside, outside: outside.outsideOf(inside) })),
    }),
  );
  const owned = stack.move();
  return {
    box,
    home: `127.64.${run}.2`,
    visitor: `127.90.${run}.7`,
    stunServers,
    webServers,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The four endpoints of a server of RFC 5780. */
function placesOf(primary: Endpoint, alternate: Endpoint): Endpoint[] {
  return [primary.address, alternate.address].flatMap((address) =>
    [primary.port, alternate.port].map((port) => ({ address, port }))
  );
}
