import {
  bindSocket,
  bindSocketToDevice,
  connectSocket,
  type Descriptor,
  limitSocketToIpv6,
  markSocket,
  openDatagramSocket,
  openOwnedSocket,
  openStreamSocket,
  releaseSocketFromDevice,
  reuseSocketAddress,
  shareSocketPort,
  type SocketAddress,
  SystemError,
} from "../../ffi/mod.ts";
import { type Endpoint, type Family, familyOf, formatEndpoint } from "../core/endpoint.ts";
import type { BindOptions } from "../core/net.ts";
import { socketAddressOf } from "./socket_address.ts";

/** The discard port (RFC 863) of our own address: connecting there sends nothing. */
const NOWHERE_PORT = 9;

/** No stranger's datagram comes in by it. */
const LOOPBACK = "lo";

/** Opens a TCP socket with its options and binds it. @throws {SystemError} With the address in its message. */
export function bindStreamSocket(
  family: Family,
  local: Endpoint | undefined,
  options: BindOptions & { readonly isExclusive?: boolean },
): Descriptor {
  using rollback = new DisposableStack();
  const { ownerUid: uid } = options;
  const socket = rollback.use(
    uid === undefined ? openStreamSocket(family) : openOwnedSocket("stream", { family, uid }),
  );
  applyPathOptions(socket, family, options);
  if (options.reusePort) shareSocketPort(socket);
  // Connections of an earlier run in TIME_WAIT must not block the port.
  else if (!options.isExclusive) reuseSocketAddress(socket);
  if (local !== undefined) bindSocket(socket, socketAddressOf(local), formatEndpoint(local));
  rollback.move();
  return socket;
}

/**
 * Opens a UDP socket with its options, binds it and, with a remote, connects it. The datagrams of a service that
 * shares the port stay the service's, as far as the kernel lets us: see {@linkcode bindScreened}.
 *
 * @throws {SystemError} With the address in its message.
 */
export function bindDatagramSocket(
  local: Endpoint,
  options: BindOptions & { readonly remote?: Endpoint | undefined },
): Descriptor {
  const { remote, reusePort = false } = options;
  const address = socketAddressOf(local);
  const target = remote === undefined ? undefined : { address: socketAddressOf(remote), endpoint: remote };
  if (reusePort && target !== undefined && canBeScreened(address)) {
    const screened = bindScreened(local, options);
    if (screened !== undefined) return connected(screened, target);
  }
  using rollback = new DisposableStack();
  const socket = rollback.use(openDatagram(local, options));
  applyPathOptions(socket, familyOf(local.address), options);
  // The kernel counts a shareable UDP port as free, so "any port" could be one that another of our sockets has.
  if (reusePort && local.port !== 0) shareSocketPort(socket);
  bindSocket(socket, address, formatEndpoint(local));
  if (reusePort && local.port === 0) shareSocketPort(socket);
  if (target !== undefined) connectSocket(socket, target.address, formatEndpoint(target.endpoint));
  rollback.move();
  return socket;
}

interface Target {
  readonly address: SocketAddress;
  readonly endpoint: Endpoint;
}

function connected(socket: Descriptor, target: Target): Descriptor {
  using rollback = new DisposableStack();
  rollback.use(socket);
  connectSocket(socket, target.address, formatEndpoint(target.endpoint));
  rollback.move();
  return socket;
}

function openDatagram(local: Endpoint, { ownerUid: uid }: BindOptions): Descriptor {
  const family = familyOf(local.address);
  return uid === undefined ? openDatagramSocket(family) : openOwnedSocket("datagram", { family, uid });
}

/** A port of its own needs no screen; a wildcard or a zone would become something else by it. */
function canBeScreened({ bytes, port, scopeId }: SocketAddress): boolean {
  return port !== 0 && scopeId === 0 && bytes.some((byte) => byte !== 0);
}

/**
 * Between bind() and connect() a socket takes what strangers send to the port: under 160,000 datagrams a second every
 * fourth socket took one from the service (measured). So it is bound to the loopback interface first, connected to
 * nowhere, and only then let out; connecting anew leaves no gap.
 *
 * @returns Connected to nowhere; `undefined` if that is not allowed (CAP_NET_RAW) or not possible here.
 * @throws {SystemError} If the port cannot be bound.
 */
function bindScreened(local: Endpoint, options: BindOptions): Descriptor | undefined {
  const family = familyOf(local.address);
  using rollback = new DisposableStack();
  const socket = rollback.use(openDatagram(local, options));
  try {
    shareSocketPort(socket);
    if (family === 6) limitSocketToIpv6(socket);
    bindSocketToDevice(socket, LOOPBACK);
    bindSocket(socket, socketAddressOf(local), formatEndpoint(local));
    connectSocket(socket, socketAddressOf({ ...local, port: NOWHERE_PORT }), formatEndpoint(local));
    releaseSocketFromDevice(socket);
  } catch (error) {
    if (!(error instanceof SystemError) || error.call === "bind") throw error;
    return undefined;
  }
  applyRouteOptions(socket, options);
  rollback.move();
  return socket;
}

/** Interface, mark and one IP version only. @throws {SystemError} */
export function applyPathOptions(socket: Descriptor, family: Family, options: BindOptions): void {
  if (family === 6) limitSocketToIpv6(socket);
  applyRouteOptions(socket, options);
}

function applyRouteOptions(socket: Descriptor, options: BindOptions): void {
  if (options.device !== undefined) bindSocketToDevice(socket, options.device);
  if (options.mark !== undefined) markSocket(socket, options.mark);
}
