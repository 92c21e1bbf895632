import { type Endpoint, familyOf, formatEndpoint, unspecifiedAddress } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { DatagramSocket } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import type { ForwardOptions } from "./options.ts";
import { encodeProxyHeader } from "./proxy_protocol.ts";

/** How a session ended; for events. */
export type UdpEnd = "idle" | "stopped" | "target unreachable";

/** What a session needs of its tunnel. */
export interface UdpSessionHost {
  readonly platform: Platform;
  readonly options: ForwardOptions;
  /** What clients write to. */
  readonly internal: Endpoint;
  /** Whether a datagram may pass now (bytes per second); it is lost otherwise. */
  mayPass(bytes: number): boolean;
  /** Bytes that moved. */
  count(inBytes: number, outBytes: number): void;
  /** Sends from the public socket. */
  reply(data: Uint8Array, client: Endpoint): void;
  onConnected(session: PortableUdpSession): void;
  /** Called once. */
  onEnd(session: PortableUdpSession, end: UdpEnd): void;
}

/** Datagrams kept until the session's socket is open, which takes no round trip. */
const MAX_WAITING = 64;

/**
 * One client's datagrams, through a socket of its own that is connected to the target. Datagrams sent at the same
 * moment may change places on the runtime's sockets.
 */
export class PortableUdpSession {
  readonly client: Endpoint;
  readonly target: Endpoint;
  readonly startedMs: number;
  bytesIn = 0;
  bytesOut = 0;
  readonly #host: UdpSessionHost;
  #socket: DatagramSocket | undefined;
  #waiting: Uint8Array[] = [];
  #header: Uint8Array | undefined;
  #activeMs: number;
  #isOver = false;

  constructor(client: Endpoint, target: Endpoint, host: UdpSessionHost) {
    this.client = client;
    this.target = target;
    this.#host = host;
    this.startedMs = this.#activeMs = host.platform.clock.now();
    const version = host.options.proxyProtocol;
    if (version !== undefined) {
      this.#header = encodeProxyHeader({
        version,
        protocol: "udp",
        source: client,
        destination: host.internal,
      });
    }
  }

  /** Our endpoint towards the target. */
  get local(): Endpoint | undefined {
    return this.#socket?.local;
  }

  /** Opens the socket and sends what waits. Never rejects. */
  async connect(): Promise<void> {
    const { platform } = this.#host;
    try {
      const socket = await platform.net.openDatagram({
        local: { address: unspecifiedAddress(familyOf(this.target.address)), port: 0 },
        remote: this.target,
        onDatagram: (data) => this.#receive(data),
        // ICMP about one datagram says nothing about the next one.
        onError: () => {},
      });
      if (this.#isOver) return socket[Symbol.dispose]();
      this.#socket = socket;
    } catch (error) {
      const fields = { target: formatEndpoint(this.target), reason: errorMessage(error) };
      platform.log.debug("Cannot open session", fields);
      return this.stop("target unreachable");
    }
    this.#host.onConnected(this);
    for (const data of this.#waiting.splice(0)) this.#deliver(data);
  }

  /** Passes a datagram of the client on. `data` is only valid during the call. */
  send(data: Uint8Array): void {
    if (this.#isOver || !this.#host.mayPass(data.length)) return;
    this.#activeMs = this.#host.platform.clock.now();
    if (this.#socket !== undefined) return this.#deliver(data);
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(data.slice());
  }

  /** Ends the session if nothing moved for the idle limit. */
  tick(nowMs: number): void {
    if (nowMs - this.#activeMs >= this.#host.options.idleMs) this.stop("idle");
  }

  /** Closes the socket. */
  stop(end: UdpEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const socket = this.#socket;
    this.#host.onEnd(this, end);
    socket?.[Symbol.dispose]();
  }

  #deliver(data: Uint8Array): void {
    const header = this.#header;
    try {
      this.#socket?.send(header === undefined ? data : joined(header, data));
      this.#header = undefined;
      this.bytesIn += data.length;
      this.#host.count(data.length, 0);
    } catch {
      // No route or refused for the moment, or too long for the way: lost, as on the wire.
    }
  }

  #receive(data: Uint8Array): void {
    if (this.#isOver || !this.#host.mayPass(data.length)) return;
    this.#activeMs = this.#host.platform.clock.now();
    this.bytesOut += data.length;
    this.#host.count(0, data.length);
    this.#host.reply(data, this.client);
  }
}

function joined(header: Uint8Array, data: Uint8Array): Uint8Array {
  const whole = new Uint8Array(header.length + data.length);
  whole.set(header);
  whole.set(data, header.length);
  return whole;
}
