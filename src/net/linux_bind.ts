import {
  bindSocket,
  bindSocketToDevice,
  type Descriptor,
  limitSocketToIpv6,
  markSocket,
  openDatagramSocket,
  openStreamSocket,
  reuseSocketAddress,
  shareSocketPort,
} from "../../ffi/mod.ts";
import { type Endpoint, type Family, familyOf, formatEndpoint } from "../core/endpoint.ts";
import type { BindOptions } from "../core/net.ts";
import { socketAddressOf } from "./socket_address.ts";

/** Opens a TCP socket with its options and binds it. @throws {SystemError} With the address in its message. */
export function bindStreamSocket(
  family: Family,
  local: Endpoint | undefined,
  options: BindOptions & { readonly isExclusive?: boolean },
): Descriptor {
  using rollback = new DisposableStack();
  const socket = rollback.use(openStreamSocket(family));
  applyPathOptions(socket, family, options);
  if (options.reusePort) shareSocketPort(socket);
  // Connections of an earlier run in TIME_WAIT must not block the port.
  else if (!options.isExclusive) reuseSocketAddress(socket);
  if (local !== undefined) bindSocket(socket, socketAddressOf(local), formatEndpoint(local));
  rollback.move();
  return socket;
}

/** Opens a UDP socket with its options and binds it. @throws {SystemError} With the address in its message. */
export function bindDatagramSocket(local: Endpoint, options: BindOptions): Descriptor {
  using rollback = new DisposableStack();
  const socket = rollback.use(openDatagramSocket(familyOf(local.address)));
  applyPathOptions(socket, familyOf(local.address), options);
  const address = socketAddressOf(local);
  // The kernel counts a shareable UDP port as free, so "any port" could be one that another of our sockets has.
  const isShared = options.reusePort === true;
  if (isShared && local.port !== 0) shareSocketPort(socket);
  bindSocket(socket, address, formatEndpoint(local));
  if (isShared && local.port === 0) shareSocketPort(socket);
  rollback.move();
  return socket;
}

/** Interface, mark and one IP version only. @throws {SystemError} */
export function applyPathOptions(socket: Descriptor, family: Family, options: BindOptions): void {
  if (family === 6) limitSocketToIpv6(socket);
  if (options.device !== undefined) bindSocketToDevice(socket, options.device);
  if (options.mark !== undefined) markSocket(socket, options.mark);
}
