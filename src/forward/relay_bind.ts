import {
  bindSocket,
  bindSocketToDevice,
  type Descriptor,
  keepSocketAlive,
  limitSocketToIpv6,
  listenSocket,
  makeSocketTransparent,
  markSocket,
  openDatagramSocket,
  openStreamSocket,
  sendWithoutDelay,
  setCongestion,
  shareSocketPort,
} from "../../ffi/mod.ts";
import { type Endpoint, familyOf, formatEndpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage, PortholeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { ForwardOptions } from "./options.ts";
import { socketAddressOf } from "../net/socket_address.ts";

/**
 * Clients that wait to be accepted: a burst that overflows the queue costs each further client a second, as its
 * SYN is dropped. The kernel takes net.core.somaxconn at most (4096 since Linux 5.4).
 */
const LISTEN_BACKLOG = 4096;

/** The kernel does not let this process keep the client's address. */
export class TransparentPermissionError extends PortholeError {
  override readonly name = "TransparentPermissionError";
  override readonly code = "EPERM";
}

/**
 * Opens a tunnel's public socket, bound and for TCP listening; the port is shared. Accepted connections inherit
 * no delay, keep-alive, mark and congestion control.
 *
 * @throws {SystemError} EADDRINUSE, EACCES, EADDRNOTAVAIL, ENODEV, …
 * @throws {TransparentPermissionError}
 */
export function openPublicSocket(internal: Endpoint, options: ForwardOptions, log: Logger): Descriptor {
  using rollback = new DisposableStack();
  const family = familyOf(internal.address);
  const isTcp = options.protocol === "tcp";
  if (options.isTransparent) assertTransparent(family, options);
  const socket = rollback.use(isTcp ? openStreamSocket(family) : openDatagramSocket(family));
  if (family === 6) limitSocketToIpv6(socket);
  if (options.device !== undefined) bindSocketToDevice(socket, options.device);
  if (options.mark !== undefined) markSocket(socket, options.mark);
  shareSocketPort(socket);
  bindSocket(socket, socketAddressOf(internal), formatEndpoint(internal));
  if (isTcp) {
    sendWithoutDelay(socket);
    keepSocketAlive(socket);
    if (options.congestion !== undefined) tryCongestion(socket, options.congestion, log);
    listenSocket(socket, LISTEN_BACKLOG, formatEndpoint(internal));
  }
  rollback.move();
  return socket;
}

/** A wish: without it traffic flows as well. */
function tryCongestion(socket: Descriptor, name: string, log: Logger): void {
  try {
    setCongestion(socket, name);
  } catch (error) {
    log.warn("Cannot use the congestion control asked for; the system's own is used", {
      congestion: name,
      reason: errorMessage(error),
    });
  }
}

function assertTransparent(family: 4 | 6, { target }: ForwardOptions): void {
  using probe = openStreamSocket(family);
  try {
    makeSocketTransparent(probe, family);
  } catch (error) {
    if (errorCode(error) !== "EPERM") throw error;
    throw new TransparentPermissionError(
      `Cannot keep clients' addresses towards ${formatEndpoint(target)}: that needs root or CAP_NET_ADMIN`,
      { cause: error },
    );
  }
}
