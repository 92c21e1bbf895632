import { type Endpoint, familyOf } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { BindOptions } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import { GatewayError } from "./errors.ts";
import { GatewayLease, type LeaseState } from "./lease.ts";
import { Router } from "./router.ts";
import type { GatewaySettings } from "./settings.ts";
import type { GatewaySurroundings } from "./surroundings.ts";

/** Options for {@linkcode openGateway}. */
export interface GatewayOptions extends Pick<BindOptions, "device" | "mark"> {
  readonly settings: Pick<GatewaySettings, "address" | "ways">;
  /** Our own address, which requests are sent from. */
  readonly local: string;
  readonly surroundings: GatewaySurroundings;
}

/** What {@linkcode Gateway.lease} asks for. */
export interface LeaseRequest {
  readonly protocol: Protocol;
  /** What is bound on this host: at the gateway's local address. */
  readonly internal: Endpoint;
  /** Told of each change that somebody could notice; must not throw. */
  readonly onChange?: ((state: LeaseState) => void) | undefined;
}

/** The routers between one local address and the internet, as far as they are the user's. Disposing ends what runs. */
export interface Gateway extends AsyncDisposable {
  /** Asks for a port until the lease is disposed; never throws. */
  lease(request: LeaseRequest): GatewayLease;
  /**
   * The address that the outermost of the routers has on its far side.
   *
   * @returns `undefined` if it does not say.
   * @throws {GatewayError} If there is none, or it does not answer.
   */
  externalAddress(signal: AbortSignal): Promise<string | undefined>;
}

/**
 * Opens the way to the routers; nothing is sent before something is asked. Only the default gateway is, or the router
 * that the settings name; if that is in none of our networks it stands above the default gateway, and both are.
 */
export function openGateway(options: GatewayOptions, platform: Platform): Gateway {
  return new RouterChain(options, platform);
}

class RouterChain implements Gateway {
  readonly #options: GatewayOptions;
  readonly #platform: Platform;
  readonly #routers = new Map<string, Router>();

  constructor(options: GatewayOptions, platform: Platform) {
    this.#options = options;
    this.#platform = platform;
  }

  lease(request: LeaseRequest): GatewayLease {
    return new GatewayLease({
      ...request,
      platform: this.#platform,
      findRouters: () => this.#find(),
    });
  }

  async externalAddress(signal: AbortSignal): Promise<string | undefined> {
    const routers = await this.#find();
    signal.throwIfAborted();
    return await routers.at(-1)?.externalAddress(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#routers.values().map((router) => router[Symbol.asyncDispose]()));
  }

  /** The nearest one first; looked up anew each time, as routes change. */
  async #find(): Promise<readonly Router[]> {
    const { settings: { address }, local, surroundings } = this.#options;
    const nearest = await surroundings.defaultGateway(local);
    const isNear = address !== undefined && (address === nearest || surroundings.isNear(address));
    const chain = isNear ? [address] : [nearest, address];
    const known = chain.filter((one) =>
      one !== undefined && familyOf(one) === familyOf(local) && one !== local
    );
    if (known.length > 0) return known.map((one) => this.#routerAt(one ?? ""));
    const reason = address === undefined
      ? "the default gateway is not known; name the router (--gateway ADDRESS)"
      : `${address} cannot be asked from ${local}`;
    throw new GatewayError(reason, { fault: "no-router" });
  }

  #routerAt(address: string): Router {
    const known = this.#routers.get(address);
    if (known !== undefined) return known;
    const { settings: { ways }, local, device, mark, surroundings } = this.#options;
    const link = { platform: this.#platform, router: address, local, device, mark };
    const router = new Router({ link, ways, isNear: surroundings.isNear(address) });
    this.#routers.set(address, router);
    return router;
  }
}
