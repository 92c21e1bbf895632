import type { Clock } from "../core/clock.ts";
import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import type { Random } from "../core/random.ts";
import type { BoxBehavior, NatBehaviors } from "./nat_profile.ts";

/** A mapping of the box; the object stays the same as long as the mapping lives. */
export interface NatMapping {
  readonly internal: Endpoint;
  /** Whom it was made for; the others it serves are told by the mapping behaviour. */
  readonly destination: Endpoint;
  readonly externalPort: number;
}

/** Options for {@linkcode NatTable}. */
export interface NatTableOptions {
  readonly behaviors: NatBehaviors;
  readonly clock: Clock;
  readonly random: Random;
  /** A mapping without outbound traffic for longer is dropped, in milliseconds; `undefined` keeps it for ever. */
  readonly lifetimeMs?: number | undefined;
  /** Told of every mapping that ended by idling or restart, after it is gone. */
  readonly onDrop: (mapping: NatMapping) => void;
}

interface Entry {
  readonly internal: Endpoint;
  readonly destination: Endpoint;
  readonly key: string;
  externalPort: number;
  lastUsedMs: number;
  /** Whom the internal endpoint has sent to through this mapping, as the filtering behaviour names them. */
  readonly permitted: Set<string>;
}

/** Below the ephemeral range of Linux, so that sockets of others on the same machine are seldom in the way. */
const FIRST_PORT = 10_000;
const PORT_COUNT = 22_000;
/** Ports of ended mappings are kept back, so that a new mapping is always seen to be new. */
const RETIRED_MAX = 4096;

/** The part of an endpoint that a behaviour looks at. */
function selectorOf(behavior: BoxBehavior, endpoint: Endpoint): string {
  if (behavior === "endpoint-independent") return "";
  return behavior === "address-dependent" ? endpoint.address : formatEndpoint(endpoint);
}

/**
 * The state of a NAT for one transport (RFC 4787), without any socket. External ports are random, never the
 * internal one (no port preservation) and never one that a mapping had lately. Only outbound traffic and
 * {@linkcode NatTable.refresh} keep a mapping (REQ-6, the inbound refresh being `false`). Permissions to come
 * in live as long as their mapping.
 */
export class NatTable implements Disposable {
  readonly #options: NatTableOptions;
  readonly #byKey = new Map<string, Entry>();
  readonly #byPort = new Map<number, Entry>();
  readonly #retired = new Set<number>();
  #timer: Disposable | undefined;

  constructor(options: NatTableOptions) {
    this.#options = options;
  }

  /** The living mappings. */
  get mappings(): readonly NatMapping[] {
    this.#dropIdle();
    return [...this.#byKey.values()];
  }

  /**
   * The mapping that a packet from the inside leaves through, made if there is none; it is refreshed, and the
   * destination may answer from now on.
   *
   * @throws {RangeError} If no external port is left.
   */
  outbound(internal: Endpoint, destination: Endpoint): NatMapping {
    this.#dropIdle();
    const { behaviors, clock } = this.#options;
    const key = `${formatEndpoint(internal)} ${selectorOf(behaviors.mapping, destination)}`;
    let entry = this.#byKey.get(key);
    if (entry === undefined) {
      const externalPort = this.#pickPort(internal.port);
      entry = { internal, destination, key, externalPort, lastUsedMs: 0, permitted: new Set() };
      this.#byKey.set(key, entry);
      this.#byPort.set(externalPort, entry);
    }
    entry.lastUsedMs = clock.now();
    entry.permitted.add(selectorOf(behaviors.filtering, destination));
    this.#arm();
    return entry;
  }

  /** The mapping that a packet from outside goes in through; `undefined` if there is none or it is filtered. */
  inbound(externalPort: number, source: Endpoint): NatMapping | undefined {
    this.#dropIdle();
    const entry = this.#byPort.get(externalPort);
    const selector = selectorOf(this.#options.behaviors.filtering, source);
    return entry?.permitted.has(selector) ? entry : undefined;
  }

  /** Keeps a mapping that is in use; nothing happens if it is gone. */
  refresh(mapping: NatMapping): void {
    this.#dropIdle();
    const entry = this.#byPort.get(mapping.externalPort);
    if (entry === mapping) entry.lastUsedMs = this.#options.clock.now();
  }

  /** Whether the mapping still lives. */
  has(mapping: NatMapping): boolean {
    this.#dropIdle();
    return this.#byPort.get(mapping.externalPort) === mapping;
  }

  /**
   * Gives a living mapping another external port, because the one it got cannot be bound.
   *
   * @throws {RangeError} If no external port is left.
   */
  reassign(mapping: NatMapping): void {
    const entry = this.#byPort.get(mapping.externalPort);
    if (entry === undefined || entry !== mapping) return;
    this.#retire(entry.externalPort);
    const port = this.#pickPort(entry.internal.port);
    this.#byPort.delete(entry.externalPort);
    entry.externalPort = port;
    this.#byPort.set(port, entry);
  }

  /** Forgets everything, as a NAT that lost power does. */
  restart(): void {
    for (const entry of [...this.#byKey.values()]) this.#drop(entry);
  }

  /** Stops the timer; mappings are left as they are and nobody is told. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #pickPort(internalPort: number): number {
    const start = Math.floor(this.#options.random.fraction() * PORT_COUNT);
    for (let i = 0; i < PORT_COUNT; i++) {
      const port = FIRST_PORT + (start + i) % PORT_COUNT;
      if (port !== internalPort && !this.#byPort.has(port) && !this.#retired.has(port)) return port;
    }
    throw new RangeError(`Cannot map a port: all ${PORT_COUNT} external ports are taken`);
  }

  #drop(entry: Entry): void {
    this.#byKey.delete(entry.key);
    this.#byPort.delete(entry.externalPort);
    this.#retire(entry.externalPort);
    this.#options.onDrop(entry);
  }

  #retire(port: number): void {
    this.#retired.add(port);
    if (this.#retired.size <= RETIRED_MAX) return;
    for (const oldest of this.#retired) {
      this.#retired.delete(oldest);
      return;
    }
  }

  #dropIdle(): void {
    const { clock, lifetimeMs } = this.#options;
    if (lifetimeMs === undefined) return;
    const oldestMs = clock.now() - lifetimeMs;
    for (const entry of [...this.#byKey.values()]) {
      if (entry.lastUsedMs <= oldestMs) this.#drop(entry);
    }
  }

  /** One timer for all: it may ring too early for a mapping that was refreshed, and is then set again. */
  #arm(): void {
    const { clock, lifetimeMs } = this.#options;
    if (lifetimeMs === undefined || this.#timer !== undefined || this.#byKey.size === 0) return;
    let oldestMs = Infinity;
    for (const entry of this.#byKey.values()) oldestMs = Math.min(oldestMs, entry.lastUsedMs);
    // A millisecond at least: the clock's timers may ring a little before their time.
    this.#timer = clock.schedule(Math.max(1, oldestMs + lifetimeMs - clock.now()), () => {
      this.#timer = undefined;
      this.#dropIdle();
      this.#arm();
    });
  }
}
