import type { Endpoint } from "../core/endpoint.ts";
import type { Platform } from "../core/platform.ts";
import type { KeeperOptions } from "./options.ts";
import type { ServingTurn } from "./serving_turn.ts";

/** What an anchor tells. */
export interface AnchorHandlers {
  readonly onChange: (isUp: boolean) => void;
  readonly onBreak: (reason: string) => void;
}

/** What keeps a mapping alive between lookups. */
export interface Anchor extends AsyncDisposable {
  /** Starts over at once: what it had is known to be worthless. */
  renew(): void;
  /** Makes sure soon that what it has still works, and starts over if not. */
  check(): void;
}

/** A bound port that takes no traffic from anyone who shares it. */
export interface HeldPort extends Disposable {
  readonly local: Endpoint;
}

/** What differs between TCP and UDP in keeping a mapping. */
export interface Transport {
  /**
   * Binds `local` and holds it.
   *
   * @throws {Error} With the kernel's `code`.
   */
  hold(local: Endpoint): Promise<HeldPort>;
  /** `turn` is given where connecting from a port excludes listening on it. */
  openAnchor(local: Endpoint, handlers: AnchorHandlers, turn?: ServingTurn): Anchor;
}

/** Makes the {@linkcode Transport} of one tunnel. */
export type TransportFactory = (options: KeeperOptions, platform: Platform) => Transport;
