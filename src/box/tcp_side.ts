import { formatEndpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import type { StreamConnection, StreamHandlers, StreamListener } from "../core/net.ts";
import { type Facade, PORT_TRIES_MAX, type SideOptions } from "./box_side.ts";
import { type NatMapping, NatTable } from "./nat_table.ts";
import { Relay } from "./relay.ts";

/** What a mapping holds: its port, ready once bound, and the connections that use it. */
interface Port {
  readonly bound: Promise<Disposable>;
  readonly relays: Set<Relay>;
  readonly stop: AbortController;
}

const NO_HANDLERS: StreamHandlers = { onData(): void {}, onEnd(): void {} };

/**
 * The TCP half of the box: connections to facades go on from the mapped external port, and strangers who
 * connect to that port get to the internal endpoint, seen there with their own address and a port of the box.
 */
export class TcpSide implements Disposable {
  readonly #options: SideOptions;
  readonly #table: NatTable;
  readonly #ports = new Map<NatMapping, Port>();
  readonly #listeners: StreamListener[] = [];
  readonly #insideOf = new Map<string, string>();
  readonly #forgotten = new Set<Relay>();
  #filteredCount = 0;

  private constructor(options: SideOptions) {
    this.#options = options;
    const { behaviors, facades, lifetimeMs, platform: { clock, random } } = options;
    for (const { inside, outside } of facades) this.#insideOf.set(outside.address, inside.address);
    this.#table = new NatTable({
      behaviors,
      lifetimeMs,
      clock,
      random,
      onDrop: (mapping): void => this.#drop(mapping),
    });
  }

  /**
   * Binds the facades.
   *
   * @throws {Error} With the kernel's `code` if one cannot be bound; nothing stays open then.
   */
  static async open(options: SideOptions): Promise<TcpSide> {
    using rollback = new DisposableStack();
    const side = rollback.use(new TcpSide(options));
    for (const facade of options.facades) {
      const listener = await options.platform.net.listenStream({
        local: facade.inside,
        onConnection: (connection) => side.#takeOut(connection, facade),
      });
      side.#listeners.push(listener);
    }
    rollback.move();
    return side;
  }

  /** The living mappings. */
  get mappings(): readonly NatMapping[] {
    return this.#table.mappings;
  }

  /** Connections from outside that were not let in. */
  get filteredCount(): number {
    return this.#filteredCount;
  }

  /** Forgets all mappings, closes their ports, and treats their connections as the restart mode says. */
  restart(): void {
    this.#table.restart();
  }

  [Symbol.dispose](): void {
    this.#table[Symbol.dispose]();
    for (const listener of this.#listeners) listener[Symbol.dispose]();
    for (const [mapping, port] of [...this.#ports]) {
      for (const relay of port.relays) relay[Symbol.dispose]();
      this.#drop(mapping);
    }
    for (const relay of this.#forgotten) relay[Symbol.dispose]();
    this.#forgotten.clear();
  }

  #drop(mapping: NatMapping): void {
    const port = this.#ports.get(mapping);
    if (port === undefined) return;
    this.#ports.delete(mapping);
    port.stop.abort(new DOMException("The mapping ended", "AbortError"));
    for (const relay of port.relays) {
      if (this.#options.restartMode === "reset" || relay.isDone) {
        relay[Symbol.dispose]();
      } else {
        relay.blackHole();
        this.#forgotten.add(relay);
      }
    }
    port.relays.clear();
  }

  #takeOut(inner: StreamConnection, facade: Facade): StreamHandlers {
    const { net } = this.#options.platform;
    const mapping = this.#table.outbound(inner.remote, facade.outside);
    return this.#join(inner, mapping, (relay, signal) =>
      net.connectStream({
        ...relay.farHandlers,
        local: { address: this.#options.getExternalAddress(), port: mapping.externalPort },
        remote: facade.outside,
        reusePort: true,
        signal,
      }));
  }

  #takeIn(outer: StreamConnection, externalPort: number): StreamHandlers {
    const source = outer.remote;
    const mapping = this.#options.isHairpinRefused(source)
      ? undefined
      : this.#table.inbound(externalPort, source);
    if (mapping === undefined) {
      // The kernel has taken the connection already: a reset is the nearest thing to a dropped SYN.
      this.#filteredCount++;
      outer.abort();
      return NO_HANDLERS;
    }
    const address = this.#insideOf.get(source.address) ?? source.address;
    return this.#join(outer, mapping, (relay, signal) =>
      this.#options.platform.net.connectStream({
        ...relay.farHandlers,
        local: { address, port: 0 },
        remote: mapping.internal,
        signal,
      }));
  }

  #join(
    near: StreamConnection,
    mapping: NatMapping,
    connect: (relay: Relay, signal: AbortSignal) => Promise<StreamConnection>,
  ): StreamHandlers {
    const port = this.#ports.get(mapping) ?? this.#openPort(mapping);
    const relay = new Relay({
      clock: this.#options.platform.clock,
      onActivity: (): void => this.#table.refresh(mapping),
      onEnd: (): void => void port.relays.delete(relay),
    });
    port.relays.add(relay);
    relay.attachNear(near);
    this.#options.tasks.spawn(async () => {
      try {
        await port.bound;
        relay.attachFar(await connect(relay, port.stop.signal));
      } catch (error) {
        // After a silent restart the near side must not hear anything, a reset least of all.
        if (port.stop.signal.aborted) return;
        const to = formatEndpoint(mapping.internal);
        this.#options.platform.log.debug("box: not connected", { to, error: errorMessage(error) });
        port.relays.delete(relay);
        relay[Symbol.dispose]();
      }
    });
    return relay.nearHandlers;
  }

  #openPort(mapping: NatMapping): Port {
    const stop = new AbortController();
    const port: Port = { bound: this.#bindPort(mapping, stop.signal), relays: new Set(), stop };
    this.#ports.set(mapping, port);
    this.#options.tasks.spawn(async () => {
      try {
        const socket = await port.bound;
        stop.signal.addEventListener("abort", () => socket[Symbol.dispose](), { once: true });
        if (stop.signal.aborted) socket[Symbol.dispose]();
      } catch (error) {
        if (stop.signal.aborted) return;
        this.#options.platform.log.warn("box: no external TCP port", { error: errorMessage(error) });
        if (this.#ports.get(mapping) === port) this.#ports.delete(mapping);
      }
    });
    return port;
  }

  /** Listens on the mapped port, or only holds it where the filtering leaves nobody who could connect. */
  async #bindPort(mapping: NatMapping, signal: AbortSignal): Promise<Disposable> {
    const { behaviors, getExternalAddress, platform: { net } } = this.#options;
    for (let tries = 1;; tries++) {
      signal.throwIfAborted();
      const local = { address: getExternalAddress(), port: mapping.externalPort };
      try {
        if (behaviors.filtering === "address-and-port-dependent") {
          return await net.reservePort({ local, reusePort: true });
        }
        const onConnection = (outer: StreamConnection): StreamHandlers => this.#takeIn(outer, local.port);
        return await net.listenStream({ local, reusePort: true, onConnection });
      } catch (error) {
        if (errorCode(error) !== "EADDRINUSE" || tries === PORT_TRIES_MAX) throw error;
        this.#table.reassign(mapping);
      }
    }
  }
}
