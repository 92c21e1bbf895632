import {
  acceptStream,
  type Descriptor,
  ERRNO,
  readStreamName,
  streamHost,
  streamName,
  streamPort,
  SystemError,
} from "../../ffi/mod.ts";
import type { Endpoint } from "../core/endpoint.ts";
import { endpointOf } from "../net/socket_address.ts";

/** Texts remembered; then it begins anew. */
const TEXTS_MAX = 1024;

/** A client that was accepted. */
export interface TcpClient {
  readonly socket: Descriptor;
  readonly remote: Endpoint;
}

/** Accepts clients and names sockets; equal IPv4 addresses share one text, made once. */
export class TcpPeers {
  readonly #texts = new Map<number, string>();

  /** Accepts one. @returns `undefined` if none is waiting. @throws {SystemError} EMFILE, ECONNABORTED, … */
  accept(listener: number): TcpClient | undefined {
    const socket = acceptStream(listener);
    if (socket === undefined) return undefined;
    const remote = this.#read();
    if (remote !== undefined) return { socket, remote };
    socket[Symbol.dispose]();
    throw new SystemError(ERRNO.EPROTO, "accept4", "accept connection");
  }

  /** Where a socket is bound; `undefined` if that is no IP address. @throws {SystemError} */
  localOf(socket: Descriptor): Endpoint | undefined {
    readStreamName(socket);
    return this.#read();
  }

  #read(): Endpoint | undefined {
    const host = streamHost();
    if (host >= 0) return { address: this.#textOf(host), port: streamPort() };
    const name = streamName();
    return name && endpointOf(name);
  }

  #textOf(host: number): string {
    const known = this.#texts.get(host);
    if (known !== undefined) return known;
    if (this.#texts.size >= TEXTS_MAX) this.#texts.clear();
    const text = `${host & 0xff}.${(host >>> 8) & 0xff}.${(host >>> 16) & 0xff}.${host >>> 24}`;
    this.#texts.set(host, text);
    return text;
  }
}
