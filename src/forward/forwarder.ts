import type { Endpoint } from "../core/endpoint.ts";
import type { ForwardOptions } from "./options.ts";

/** A client that came, went or was turned away, as the forwarder tells it. */
export interface ClientRecord {
  readonly state: "opened" | "closed" | "refused";
  readonly client: Endpoint;
  readonly local?: Endpoint;
  readonly target?: Endpoint;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
  readonly durationMs?: number;
  readonly reason?: string;
}

/** Counters of one forwarded tunnel; reading them wakes nobody. */
export interface ForwardCounters {
  /** Connections or sessions now. */
  readonly active: number;
  /** Connections or sessions so far. */
  readonly opened: number;
  /** Turned away so far. */
  readonly refused: number;
  /** Bytes from clients to the target so far. */
  readonly bytesIn: number;
  /** Bytes from the target to clients so far. */
  readonly bytesOut: number;
}

/** One tunnel's forwarding at work. Disposing closes its listener and its connections. */
export interface ForwardSession extends AsyncDisposable {
  /** What really forwards: the relay in the Worker, the kernel, or the slow portable path. */
  readonly method: "relay" | "nftables" | "portable";
  /** The target in use; absent until its name is resolved or, for port 0, the external port is known. */
  readonly target: Endpoint | undefined;
  /** The external endpoint is another one now: targets with port 0 follow; running connections live on. */
  retarget(external: Endpoint): void;
  /** Stops listening; running connections go on. Present where a port with a listener cannot be connected from. */
  suspend?(): Promise<void>;
  /**
   * Listens again after `suspend`.
   *
   * @throws {Error} With the kernel's `code` if the endpoint cannot be bound.
   */
  resume?(): Promise<void>;
  readonly counters: ForwardCounters;
}

/** Moves the bytes of every tunnel of the process. */
export interface Forwarder extends AsyncDisposable {
  /**
   * Listens on the internal endpoint (shared: SO_REUSEADDR + SO_REUSEPORT) and forwards to the target.
   *
   * @param onClient Told of every client; must not block.
   * @throws {Error} With the kernel's `code` if the endpoint cannot be bound; with `code` "forward_loop" if the
   *   target is the internal endpoint itself; "nft_unavailable" and the like for the kernel method.
   */
  forward(
    internal: Endpoint,
    options: ForwardOptions,
    onClient: (record: ClientRecord) => void,
  ): Promise<ForwardSession>;
}
