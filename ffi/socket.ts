import { check, ERRNO, SystemError } from "./errno.ts";
import { Descriptor } from "./fd.ts";
import { cString } from "./interface_name.ts";
import { lastErrno, libc } from "./libc.ts";
import * as linux from "./linux.ts";
import { decodeSockaddr, encodeSockaddr, SOCKADDR_BYTES, type SocketAddress } from "./sockaddr.ts";

const addressBuffer = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
const lengthBuffer = new Uint32Array(new ArrayBuffer(4));
const intBuffer = new Int32Array(new ArrayBuffer(4));

/** Opens a TCP socket, non-blocking and not inherited by children. @throws {SystemError} */
export function openStreamSocket(family: 4 | 6): Descriptor {
  return openSocket(family === 6 ? linux.AF_INET6 : linux.AF_INET, linux.SOCK_STREAM, 0);
}

/** Opens a UDP socket, non-blocking and not inherited by children. @throws {SystemError} */
export function openDatagramSocket(family: 4 | 6): Descriptor {
  return openSocket(family === 6 ? linux.AF_INET6 : linux.AF_INET, linux.SOCK_DGRAM, 0);
}

/** Opens any socket; SOCK_CLOEXEC and SOCK_NONBLOCK are always added. @throws {SystemError} */
export function openSocket(domain: number, type: number, protocol: number): Descriptor {
  const flags = linux.SOCK_CLOEXEC | linux.SOCK_NONBLOCK;
  return new Descriptor(check(libc().socket(domain, type | flags, protocol), "socket", "open socket"));
}

/** Binds. @param label The address as people write it, for the error. @throws {SystemError} */
export function bindSocket(socket: Descriptor, address: SocketAddress, label: string): void {
  const bytes = encodeSockaddr(address);
  check(libc().bind(socket.number, bytes, bytes.length), "bind", () => `bind ${label}`);
}

/**
 * Connects, or begins to: a TCP socket is connected when it becomes writable and {@linkcode takeSocketError}
 * finds nothing.
 *
 * @throws {SystemError} Unless it was done or has begun.
 */
export function connectSocket(socket: Descriptor, address: SocketAddress, label: string): void {
  const bytes = encodeSockaddr(address);
  if (libc().connect(socket.number, bytes, bytes.length) === 0) return;
  const errno = lastErrno();
  // An interrupted connect() goes on in the background just as one in progress does.
  if (errno === ERRNO.EINPROGRESS || errno === ERRNO.EINTR) return;
  throw new SystemError(errno, "connect", `connect to ${label}`);
}

/** Listens. @throws {SystemError} EADDRINUSE where another socket of this port listens unshared. */
export function listenSocket(socket: Descriptor, backlog: number, label: string): void {
  check(libc().listen(socket.number, backlog), "listen", () => `listen on ${label}`);
}

/** An accepted connection. */
export interface Accepted {
  readonly socket: Descriptor;
  readonly remote: SocketAddress;
}

/**
 * Accepts one connection.
 *
 * @returns `undefined` if none is waiting.
 * @throws {SystemError} EMFILE, ECONNABORTED, …
 */
export function acceptConnection(listener: { readonly number: number }): Accepted | undefined {
  lengthBuffer[0] = SOCKADDR_BYTES;
  const flags = linux.SOCK_CLOEXEC | linux.SOCK_NONBLOCK;
  const fd = libc().accept4(listener.number, addressBuffer, lengthBuffer, flags);
  if (fd < 0) {
    const errno = lastErrno();
    if (errno === ERRNO.EAGAIN) return undefined;
    throw new SystemError(errno, "accept4", "accept connection");
  }
  const socket = new Descriptor(fd);
  const remote = decodeSockaddr(addressBuffer, lengthBuffer[0]);
  if (remote !== undefined) return { socket, remote };
  socket[Symbol.dispose]();
  throw new SystemError(ERRNO.EPROTO, "accept4", "accept connection");
}

/** Ends our side: FIN after what is queued. @throws {SystemError} ENOTCONN if the connection is gone. */
export function shutdownWrite(socket: Descriptor): void {
  check(libc().shutdown(socket.number, linux.SHUT_WR), "shutdown", "end connection");
}

/** Where a socket is bound. @throws {SystemError} */
export function localAddress(socket: Descriptor): SocketAddress {
  lengthBuffer[0] = SOCKADDR_BYTES;
  check(libc().getsockname(socket.number, addressBuffer, lengthBuffer), "getsockname", "read local address");
  return decoded("getsockname", "read local address");
}

/** What a socket is connected to. @throws {SystemError} ENOTCONN */
export function remoteAddress(socket: Descriptor): SocketAddress {
  lengthBuffer[0] = SOCKADDR_BYTES;
  check(libc().getpeername(socket.number, addressBuffer, lengthBuffer), "getpeername", "read remote address");
  return decoded("getpeername", "read remote address");
}

function decoded(call: string, action: string): SocketAddress {
  const address = decodeSockaddr(addressBuffer, lengthBuffer[0]);
  if (address === undefined) throw new SystemError(ERRNO.EINVAL, call, action);
  return address;
}

/** Sets an option of type `int`. @param name For the error: `"SO_MARK"`. @throws {SystemError} */
export function setIntOption(
  socket: Descriptor,
  option: { readonly level: number; readonly option: number; readonly name: string },
  value: number,
): void {
  intBuffer[0] = value;
  if (libc().setsockopt(socket.number, option.level, option.option, intBuffer, 4) === 0) return;
  throw new SystemError(lastErrno(), "setsockopt", `set ${option.name} to ${value}`);
}

/** Reads an option of type `int`. @throws {SystemError} */
export function intOption(socket: Descriptor, level: number, option: number): number {
  lengthBuffer[0] = 4;
  check(
    libc().getsockopt(socket.number, level, option, intBuffer, lengthBuffer),
    "getsockopt",
    `read socket option ${option}`,
  );
  return intBuffer[0] ?? 0;
}

/** SO_REUSEADDR + SO_REUSEPORT: the port can be shared. @throws {SystemError} */
export function shareSocketPort(socket: Descriptor): void {
  reuseSocketAddress(socket);
  setIntOption(socket, { level: linux.SOL_SOCKET, option: linux.SO_REUSEPORT, name: "SO_REUSEPORT" }, 1);
}

/** SO_REUSEADDR: connections of an earlier socket do not block the port. @throws {SystemError} */
export function reuseSocketAddress(socket: Descriptor): void {
  setIntOption(socket, { level: linux.SOL_SOCKET, option: linux.SO_REUSEADDR, name: "SO_REUSEADDR" }, 1);
}

/** SO_BINDTODEVICE. @throws {SystemError} ENODEV if there is no such interface. */
export function bindSocketToDevice(socket: Descriptor, device: string): void {
  const name = cString(device);
  check(
    libc().setsockopt(socket.number, linux.SOL_SOCKET, linux.SO_BINDTODEVICE, name, name.length),
    "setsockopt",
    () => `bind to interface ${device}`,
  );
}

/** SO_MARK. @throws {SystemError} EPERM without CAP_NET_ADMIN. */
export function markSocket(socket: Descriptor, mark: number): void {
  setIntOption(socket, { level: linux.SOL_SOCKET, option: linux.SO_MARK, name: "SO_MARK" }, mark);
}

/** IPV6_V6ONLY: IPv4 stays with IPv4 sockets. @throws {SystemError} */
export function limitSocketToIpv6(socket: Descriptor): void {
  setIntOption(socket, { level: linux.IPPROTO_IPV6, option: linux.IPV6_V6ONLY, name: "IPV6_V6ONLY" }, 1);
}

const NO_DELAY = { level: linux.IPPROTO_TCP, option: linux.TCP_NODELAY, name: "TCP_NODELAY" } as const;

/** TCP_NODELAY. @throws {SystemError} */
export function sendWithoutDelay(socket: Descriptor): void {
  setIntOption(socket, NO_DELAY, 1);
}

const LINGER_RESET = new Int32Array([1, 0]);

/** SO_LINGER {1, 0}: closing sends RST and leaves no TIME_WAIT. @throws {SystemError} */
export function resetSocketOnClose(socket: Descriptor): void {
  check(
    libc().setsockopt(socket.number, linux.SOL_SOCKET, linux.SO_LINGER, LINGER_RESET, 8),
    "setsockopt",
    "set SO_LINGER",
  );
}

/** How a dead path is noticed without data. */
export interface SocketProbe {
  /** Idle seconds before the first probe. */
  readonly idleSeconds: number;
  readonly intervalSeconds: number;
  /** TCP_USER_TIMEOUT (RFC 5482), in milliseconds. */
  readonly userTimeoutMs: number;
}

/** Probes an idle connection: SO_KEEPALIVE, TCP_KEEP* and TCP_USER_TIMEOUT. @throws {SystemError} */
export function probeSocket(socket: Descriptor, probe: SocketProbe): void {
  const level = linux.IPPROTO_TCP;
  const idle = wholeSeconds(probe.idleSeconds);
  const interval = wholeSeconds(probe.intervalSeconds);
  // With a user timeout the kernel ends the connection by time, not by count; the count is for TCP_USER_TIMEOUT 0.
  const count = Math.max(1, Math.min(127, Math.ceil(probe.userTimeoutMs / 1000 / interval)));
  setIntOption(socket, { level: linux.SOL_SOCKET, option: linux.SO_KEEPALIVE, name: "SO_KEEPALIVE" }, 1);
  setIntOption(socket, { level, option: linux.TCP_KEEPIDLE, name: "TCP_KEEPIDLE" }, idle);
  setIntOption(socket, { level, option: linux.TCP_KEEPINTVL, name: "TCP_KEEPINTVL" }, interval);
  setIntOption(socket, { level, option: linux.TCP_KEEPCNT, name: "TCP_KEEPCNT" }, count);
  setIntOption(
    socket,
    { level, option: linux.TCP_USER_TIMEOUT, name: "TCP_USER_TIMEOUT" },
    Math.round(probe.userTimeoutMs),
  );
}

/** The kernel takes 1 to 32767 whole seconds. */
function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.min(32767, Math.round(seconds)));
}

/** Reads and clears SO_ERROR. @returns An errno; 0 if nothing is wrong. @throws {SystemError} */
export function takeSocketError(socket: Descriptor): number {
  return intOption(socket, linux.SOL_SOCKET, linux.SO_ERROR);
}
