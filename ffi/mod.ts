/**
 * What the rest of porthole may use of libc. Linux on x86-64 and arm64 with glibc.
 *
 * @module
 */
export * from "./datagram.ts";
export * from "./epoll.ts";
export { check, ERRNO, errnoName, SystemError } from "./errno.ts";
export * from "./eventfd.ts";
export * from "./fd.ts";
export * from "./inherited.ts";
export { interfaceIndex, interfaceName } from "./interface_name.ts";
export { holdLibc } from "./libc.ts";
export * from "./lean_memory.ts";
export { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, SOMAXCONN_BACKLOG } from "./linux.ts";
export * from "./monotonic_time.ts";
export * from "./netlink.ts";
export * from "./pidfd.ts";
export * from "./pipe.ts";
export * from "./relay_socket.ts";
export * from "./rlimit.ts";
export * from "./sockaddr.ts";
export * from "./socket.ts";
export * from "./socket_owner.ts";
export * from "./socket_sharing.ts";
export * from "./spare_socket.ts";
export * from "./splice.ts";
export * from "./stream_io.ts";
export * from "./stream_peer.ts";
export * from "./unix_datagram.ts";
