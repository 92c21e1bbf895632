import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import type { DatagramOptions } from "../core/net.ts";
import { PORT_TRIES_MAX, type SideOptions } from "./box_side.ts";
import { LateDatagram } from "./late_datagram.ts";
import { type NatMapping, NatTable } from "./nat_table.ts";

/** Strangers with a stand-in at a time; the one that came first goes first. */
const STAND_INS_MAX = 256;

/**
 * The UDP half of the box. Every outside endpoint has a socket on the inside: a facade, or a stand-in made when
 * a stranger is let in, on the stranger's own address with a port of its own. Both are served alike.
 */
export class UdpSide implements Disposable {
  readonly #options: SideOptions;
  readonly #table: NatTable;
  readonly #ports = new Map<NatMapping, LateDatagram>();
  /** Sockets on the inside, by the outside endpoint they stand for. */
  readonly #facades = new Map<string, LateDatagram>();
  readonly #standIns = new Map<string, LateDatagram>();
  #filteredCount = 0;

  private constructor(options: SideOptions) {
    this.#options = options;
    const { behaviors, lifetimeMs, platform: { clock, random } } = options;
    this.#table = new NatTable({
      behaviors,
      lifetimeMs,
      clock,
      random,
      onDrop: (mapping): void => this.#close(mapping),
    });
  }

  /**
   * Binds the facades.
   *
   * @throws {Error} With the kernel's `code` if one cannot be bound; nothing stays open then.
   */
  static async open(options: SideOptions): Promise<UdpSide> {
    using rollback = new DisposableStack();
    const side = rollback.use(new UdpSide(options));
    for (const { inside, outside } of options.facades) {
      const facade = new LateDatagram();
      side.#facades.set(formatEndpoint(outside), facade);
      await side.#openInside(facade, inside, outside);
    }
    rollback.move();
    return side;
  }

  /** The living mappings. */
  get mappings(): readonly NatMapping[] {
    return this.#table.mappings;
  }

  /** Datagrams from outside that were not let in. */
  get filteredCount(): number {
    return this.#filteredCount;
  }

  /** Forgets all mappings and closes their ports. */
  restart(): void {
    this.#table.restart();
  }

  [Symbol.dispose](): void {
    this.#table[Symbol.dispose]();
    for (const sockets of [this.#ports, this.#facades, this.#standIns]) {
      for (const socket of sockets.values()) socket[Symbol.dispose]();
      sockets.clear();
    }
  }

  #close(mapping: NatMapping): void {
    this.#ports.get(mapping)?.[Symbol.dispose]();
    this.#ports.delete(mapping);
  }

  async #openInside(late: LateDatagram, local: Endpoint, outside: Endpoint): Promise<void> {
    const onDatagram: DatagramOptions["onDatagram"] = (data, from) => this.#sendOut(data, from, outside);
    late.attach(await this.#options.platform.net.openDatagram({ local, onDatagram }));
  }

  #sendOut(data: Uint8Array, internal: Endpoint, outside: Endpoint): void {
    const mapping = this.#table.outbound(internal, outside);
    const port = this.#ports.get(mapping) ?? this.#openPort(mapping);
    port.send(data, outside);
  }

  #openPort(mapping: NatMapping): LateDatagram {
    const late = new LateDatagram();
    this.#ports.set(mapping, late);
    this.#options.tasks.spawn(async () => {
      try {
        await this.#bindPort(mapping, late);
      } catch (error) {
        // The datagrams are lost; the next one finds no port and tries again.
        this.#options.platform.log.warn("box: no external UDP port", { error: errorMessage(error) });
        if (this.#ports.get(mapping) === late) this.#close(mapping);
      }
    });
    return late;
  }

  async #bindPort(mapping: NatMapping, late: LateDatagram): Promise<void> {
    const { platform: { net }, getExternalAddress } = this.#options;
    for (let tries = 1;; tries++) {
      const local = { address: getExternalAddress(), port: mapping.externalPort };
      const onDatagram: DatagramOptions["onDatagram"] = (data, from) => {
        this.#takeIn(data, local.port, from);
      };
      try {
        return late.attach(await net.openDatagram({ local, onDatagram }));
      } catch (error) {
        if (errorCode(error) !== "EADDRINUSE" || tries === PORT_TRIES_MAX) throw error;
        this.#table.reassign(mapping);
      }
    }
  }

  #takeIn(data: Uint8Array, externalPort: number, from: Endpoint): void {
    const mapping = this.#options.isHairpinRefused(from)
      ? undefined
      : this.#table.inbound(externalPort, from);
    if (mapping === undefined) {
      this.#filteredCount++;
      return;
    }
    const key = formatEndpoint(from);
    const source = this.#facades.get(key) ?? this.#standIns.get(key) ?? this.#openStandIn(key, from);
    source.send(data, mapping.internal);
  }

  #openStandIn(key: string, stranger: Endpoint): LateDatagram {
    const late = new LateDatagram();
    this.#standIns.set(key, late);
    this.#trimStandIns();
    this.#options.tasks.spawn(async () => {
      try {
        await this.#openInside(late, { address: stranger.address, port: 0 }, stranger);
      } catch (error) {
        this.#options.platform.log.warn("box: no stand-in", { stranger: key, error: errorMessage(error) });
        if (this.#standIns.get(key) === late) this.#standIns.delete(key);
      }
    });
    return late;
  }

  #trimStandIns(): void {
    if (this.#standIns.size <= STAND_INS_MAX) return;
    for (const [key, oldest] of this.#standIns) {
      oldest[Symbol.dispose]();
      this.#standIns.delete(key);
      return;
    }
  }
}
