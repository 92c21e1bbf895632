import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import type { Logger } from "../../../src/core/log.ts";
import type { GatewayWay } from "../../../src/core/mapping.ts";
import type { RouterLink } from "../../../src/gateway/mapper.ts";
import { GATEWAY_WAYS } from "../../../src/gateway/settings.ts";
import type { GatewaySurroundings } from "../../../src/gateway/surroundings.ts";
import { type FakeWorld, openFakeWorld, watch } from "../../fakes/fake_world.ts";
import { FakeRouter, type FakeRouterOptions } from "./fake_router.ts";

export const LOCAL = "192.168.1.2";
export const ROUTER = "192.168.1.1";
export const INTERNAL: Endpoint = { address: LOCAL, port: 3456 };

/** A network with a router in it. Disposing ends the router and looks for leaks. */
export interface GatewayRig extends AsyncDisposable {
  readonly world: FakeWorld;
  readonly router: FakeRouter;
  readonly link: RouterLink;
  /** Everything that was sent to anybody but the router, or its multicast search: `ADDRESS:PORT`. */
  readonly strays: () => readonly string[];
  /** Waits for something by the clock. */
  readonly wait: <T>(work: PromiseLike<T>, ms?: number) => Promise<T>;
}

/** Opens one; the router speaks all three unless told otherwise. */
export async function openRig(
  { ways = GATEWAY_WAYS, log, ...options }: Partial<FakeRouterOptions> & { readonly log?: Logger } = {},
): Promise<GatewayRig> {
  const world = openFakeWorld(log);
  const { net, clock, platform } = world;
  const router = await FakeRouter.open({ net, clock, ways, ...options });
  return {
    world,
    router,
    link: { platform, router: router.address, local: LOCAL },
    strays: () =>
      [...net.sent.filter(({ from }) => from.address === LOCAL).map(({ to }) => to), ...net.connects]
        .filter(({ address, port }) =>
          address !== router.address && !(address === "239.255.255.250" && port === 1900)
        )
        .map(({ address, port }) => `${address}:${port}`),
    wait: async (work, ms = 10_000) => {
      const state = watch(Promise.resolve(work));
      await clock.advance(0);
      for (let waited = 0; !state.isSettled && waited < ms; waited += 50) await clock.advance(50);
      assert.ok(state.isSettled, "it has not ended");
      return await work;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      router[Symbol.dispose]();
      await clock.advance(1_000);
      assert.equal(net.open.size, 0, "a socket was left");
      assert.equal(clock.pendingTimers, 0, "a timer was left");
    },
  };
}

/** Only this default gateway; what starts like it is near. */
export function surroundingsOf(gateway: string | undefined, near = "192.168.1."): GatewaySurroundings {
  return {
    defaultGateway: () => Promise.resolve(gateway),
    isNear: (address) => address.startsWith(near),
  };
}

/** For `find` and others. */
export const never: AbortSignal = new AbortController().signal;

/** What a request for port 3456 looks like. */
export function requestFor(changes: { readonly externalPort?: number } = {}): {
  readonly protocol: "tcp";
  readonly client: string;
  readonly internalPort: number;
  readonly externalPort: number;
  readonly lifetimeSeconds: number;
  readonly nonce: Uint8Array;
} {
  return {
    ...{ protocol: "tcp", client: LOCAL, internalPort: 3456, externalPort: 3456, lifetimeSeconds: 600 },
    nonce: new Uint8Array(12),
    ...changes,
  };
}

/** Ways as one text. */
export function waysOf(mappers: readonly { readonly way: GatewayWay }[]): string {
  return mappers.map(({ way }) => way).join(" ");
}
