import type { Endpoint } from "../../src/core/endpoint.ts";
import { type Logger, silentLogger } from "../../src/core/log.ts";
import type { Platform } from "../../src/core/platform.ts";
import { type OpenStunServer, openStunServer } from "../../src/stun/stun_server.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeNet } from "./fake_net.ts";
import { fakeRandom } from "./fake_random.ts";

/** A network in memory with its clock, as a platform. */
export interface FakeWorld {
  readonly clock: FakeClock;
  readonly net: FakeNet;
  readonly platform: Platform;
  /** Opens a STUN server on the network. */
  serveStun(listen: Endpoint, alternate?: Endpoint): Promise<OpenStunServer>;
}

/** Opens a world; nothing in it needs closing. */
export function openFakeWorld(log: Logger = silentLogger): FakeWorld {
  const clock = new FakeClock();
  const net = new FakeNet({ clock });
  return {
    clock,
    net,
    platform: { clock, net, log, random: fakeRandom() },
    serveStun: (listen, alternate) => openStunServer({ net, log, clock, listen, alternate }),
  };
}

/** Remembers how a promise ended, so that a test can advance the clock before it looks. */
export function watch<T>(promise: Promise<T>): { value?: T; error?: unknown; isSettled: boolean } {
  const state: { value?: T; error?: unknown; isSettled: boolean } = { isSettled: false };
  promise.then(
    (value) => Object.assign(state, { value, isSettled: true }),
    (error) => Object.assign(state, { error, isSettled: true }),
  );
  return state;
}
