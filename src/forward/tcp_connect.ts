import {
  bindSocket,
  bindSocketWithoutPort,
  connectSocket,
  type Descriptor,
  keepSocketAlive,
  makeSocketTransparent,
  openStreamSocket,
  sendWithoutDelay,
} from "../../ffi/mod.ts";
import { type Endpoint, familyOf, formatEndpoint } from "../core/endpoint.ts";
import { socketAddressOf } from "../net/socket_address.ts";

/**
 * Begins to connect to a target; it stands when the socket becomes writable without an error.
 *
 * @param source The client's endpoint, where its address is to be kept (IP_TRANSPARENT); used if of the same family.
 * @throws {SystemError} ENETUNREACH, EPERM, EMFILE, …
 */
export function beginConnect(target: Endpoint, source: Endpoint | undefined): Descriptor {
  using rollback = new DisposableStack();
  const family = familyOf(target.address);
  const socket = rollback.use(openStreamSocket(family));
  sendWithoutDelay(socket);
  keepSocketAlive(socket);
  if (source !== undefined && familyOf(source.address) === family) {
    makeSocketTransparent(socket, family);
    bindSocketWithoutPort(socket);
    const address = { address: source.address, port: 0 };
    bindSocket(socket, socketAddressOf(address), formatEndpoint(address));
  }
  connectSocket(socket, socketAddressOf(target), formatEndpoint(target));
  rollback.move();
  return socket;
}
