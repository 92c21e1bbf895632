import type { Socket } from "node:dgram";
import {
  canonicalAddress,
  type Endpoint,
  familyOf,
  formatEndpoint,
  isSameEndpoint,
} from "../core/endpoint.ts";
import type { DatagramOptions, DatagramSocket } from "../core/net.ts";
import { asError, refuseLinuxOptions } from "./portable_errors.ts";

/** A UDP socket of node:dgram. */
export interface PortableDatagram extends DatagramSocket {
  /** Settled once the runtime has let go of it. */
  readonly closed: Promise<void>;
}

/**
 * Opens a UDP socket on node:dgram. Weaker than Linux: SO_REUSEADDR alone shares the port, refusals of a send
 * come through `onError` instead of being thrown.
 */
export async function openPortableDatagram(options: DatagramOptions): Promise<PortableDatagram> {
  refuseLinuxOptions(options);
  const { createSocket } = await import("node:dgram");
  const isIpv6 = familyOf(options.local.address) === 6;
  const socket = createSocket({
    type: isIpv6 ? "udp6" : "udp4",
    // A port that anybody may take is no free port: see linux_bind.ts.
    reuseAddr: options.reusePort === true && options.local.port !== 0,
    ...(isIpv6 ? { ipv6Only: true } : {}),
  });
  try {
    await bind(socket, options);
    return new NodeDatagram(socket, options);
  } catch (error) {
    socket.close();
    throw error;
  }
}

async function bind(socket: Socket, options: DatagramOptions): Promise<void> {
  const { local, remote } = options;
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => reject(withAction(error, `bind ${formatEndpoint(local)}`));
    socket.once("error", fail);
    socket.bind({ address: local.address, port: local.port }, () => {
      socket.off("error", fail);
      resolve();
    });
  });
  if (remote === undefined) return;
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => reject(withAction(error, `connect to ${formatEndpoint(remote)}`));
    socket.once("error", fail);
    socket.connect(remote.port, remote.address, () => {
      socket.off("error", fail);
      resolve();
    });
  });
}

/** A node Buffer as the Uint8Array that it is underneath. */
export function plainBytes(data: Uint8Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Node's error with our words; its `code` stays. */
export function withAction(error: Error, action: string): Error {
  error.message = `Cannot ${action}: ${error.message}`;
  return error;
}

class NodeDatagram implements PortableDatagram {
  readonly local: Endpoint;
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #remote: Endpoint | undefined;
  readonly #onError: (error: Error) => void;
  #isClosed = false;

  constructor(socket: Socket, options: DatagramOptions) {
    const { remote, onDatagram } = options;
    this.#socket = socket;
    this.#remote = remote;
    this.#onError = (error): void => {
      if (!this.#isClosed) options.onError?.(error);
    };
    const { address, port } = socket.address();
    this.local = { address: canonicalAddress(address) ?? address, port };
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("error", this.#onError);
    socket.on("message", (data, info) => {
      const from = { address: canonicalAddress(info.address) ?? info.address, port: info.port };
      if (this.#isClosed || (remote !== undefined && !isSameEndpoint(from, remote))) return;
      onDatagram(plainBytes(data), from);
    });
  }

  send(data: Uint8Array, to?: Endpoint): void {
    if (this.#isClosed) throw new TypeError("Cannot send datagram: the socket is closed");
    const report = (error: unknown): void => {
      if (error) this.#onError(asError(error));
    };
    const copy = data.slice(); // node sends later
    if (this.#remote !== undefined) this.#socket.send(copy, report);
    else if (to !== undefined) this.#socket.send(copy, to.port, to.address, report);
    else throw new TypeError("Cannot send datagram: it has no destination");
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }
}
