import type { BindOptions } from "../core/net.ts";
import type { GatewayWay, Protocol } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";

/** The way to one router; nothing is ever sent to anybody else. */
export interface RouterLink extends Pick<BindOptions, "device" | "mark"> {
  readonly platform: Platform;
  /** The router's canonical address; a link-local one has its zone. */
  readonly router: string;
  /** Our own address, which requests are sent from. */
  readonly local: string;
}

/** A port that a router shall let in. */
export interface MapRequest {
  readonly protocol: Protocol;
  /** Our address as the router sees it: our own, or that of another router between us. */
  readonly client: string;
  /** The port there. */
  readonly internalPort: number;
  /** The router's port, as wished for. */
  readonly externalPort: number;
  /** As wished for. */
  readonly lifetimeSeconds: number;
  /** 12 bytes that stay the same as long as it is wanted. */
  readonly nonce: Uint8Array;
}

/** What a router gave. */
export interface MapGrant {
  readonly externalPort: number;
  /** Absent if the router did not say. */
  readonly externalAddress?: string | undefined;
  /** How long; `Infinity` where the router knows no lifetimes. */
  readonly lifetimeSeconds: number;
}

/** One protocol at one router. Every method ends within seconds. */
export interface Mapper {
  readonly way: GatewayWay;
  /**
   * The router's own address on its far side; `undefined` if it has none or does not say.
   *
   * @throws {GatewayError} If it does not answer.
   */
  externalAddress(signal: AbortSignal): Promise<string | undefined>;
  /**
   * Asks for a port, or for more time.
   *
   * @throws {GatewayError} If it is not given.
   */
  map(request: MapRequest, signal: AbortSignal): Promise<MapGrant>;
  /**
   * Gives a port back; `grant` is what was given.
   *
   * @throws {GatewayError} If the router does not take it.
   */
  unmap(request: MapRequest, grant: MapGrant, signal: AbortSignal): Promise<void>;
  /**
   * Looks whether the router still knows what it gave; `onForgotten` is told if not.
   *
   * @param held One of the ports in use.
   * @throws {GatewayError} If it does not answer.
   */
  check(held: { readonly request: MapRequest; readonly grant: MapGrant }, signal: AbortSignal): Promise<void>;
}

/** What a mapper tells. */
export interface MapperHandlers {
  /** The router has forgotten its mappings, as far as can be told. */
  readonly onForgotten: () => void;
}
