import {
  acknowledgeWithData,
  bindSocket,
  bindSocketWithoutPort,
  connectStream,
  type Descriptor,
  encodeSockaddr,
  keepSocketAlive,
  makeSocketTransparent,
  openStreamSocket,
  sendWithoutDelay,
  SystemError,
} from "../../ffi/mod.ts";
import { type Endpoint, familyOf, formatEndpoint } from "../core/endpoint.ts";
import { socketAddressOf } from "../net/socket_address.ts";

/** Targets as the kernel wants them, made once for each. */
const encoded = new WeakMap<Endpoint, Uint8Array<ArrayBuffer>>();

/**
 * Begins to connect to a target; it stands when the socket becomes writable without an error.
 *
 * @param source The client's endpoint, where its address is to be kept (IP_TRANSPARENT); used if of the same family.
 * @throws {SystemError} ENETUNREACH, EPERM, EMFILE, …
 */
export function beginConnect(target: Endpoint, source: Endpoint | undefined): Descriptor {
  const sockaddr = sockaddrOf(target);
  const socket = openStreamSocket(familyOf(target.address));
  try {
    sendWithoutDelay(socket);
    keepSocketAlive(socket);
    // Mostly the client speaks first, and has by now: one packet less. Where not, the session sends it at once.
    acknowledgeWithData(socket);
    if (source !== undefined) keepSource(socket, source, target);
    const result = connectStream(socket, sockaddr);
    if (result < 0) throw new SystemError(-result, "connect", `connect to ${formatEndpoint(target)}`);
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
  return socket;
}

function keepSource(socket: Descriptor, source: Endpoint, target: Endpoint): void {
  const family = familyOf(target.address);
  if (familyOf(source.address) !== family) return;
  makeSocketTransparent(socket, family);
  bindSocketWithoutPort(socket);
  const address = { address: source.address, port: 0 };
  bindSocket(socket, socketAddressOf(address), formatEndpoint(address));
}

function sockaddrOf(target: Endpoint): Uint8Array<ArrayBuffer> {
  const known = encoded.get(target);
  if (known !== undefined) return known;
  const bytes = encodeSockaddr(socketAddressOf(target));
  // The interface behind a zone may be another one the next time.
  if (!target.address.includes("%")) encoded.set(target, bytes);
  return bytes;
}
