/**
 * Constants of the Linux ABI; x86-64 and arm64 share all of them (both use asm-generic).
 *
 * @module
 */

/** Both architectures are little-endian: for DataView. */
export const LITTLE_ENDIAN = true;

// <bits/socket.h>
/** No address: connecting to it ends the connection a socket has. */
export const AF_UNSPEC = 0;
/** Sockets of this host, with paths for addresses. */
export const AF_UNIX = 1;
/** IPv4. */
export const AF_INET = 2;
/** IPv6. */
export const AF_INET6 = 10;
/** Kernel notifications. */
export const AF_NETLINK = 16;

// <bits/socket_type.h>
/** TCP. */
export const SOCK_STREAM = 1;
/** UDP. */
export const SOCK_DGRAM = 2;
/** Netlink. */
export const SOCK_RAW = 3;
/** O_NONBLOCK from the start. */
export const SOCK_NONBLOCK = 0o4000;
/** Not inherited by programs we start. */
export const SOCK_CLOEXEC = 0o2000000;

// <asm-generic/socket.h>
/** Level of the options below. */
export const SOL_SOCKET = 1;
/** Bind beside connections of the same port. */
export const SO_REUSEADDR = 2;
/** SOCK_*. */
export const SO_TYPE = 3;
/** Pending error, cleared by reading it. */
export const SO_ERROR = 4;
/** Keep-alive probes. */
export const SO_KEEPALIVE = 9;
/** struct linger { int l_onoff; int l_linger; }. */
export const SO_LINGER = 13;
/** Share the port with sockets of the same user. */
export const SO_REUSEPORT = 15;
/** Interface name, with NUL. */
export const SO_BINDTODEVICE = 25;
/** Firewall mark; needs CAP_NET_ADMIN. */
export const SO_MARK = 36;
/** Receive buffer, in bytes; the kernel doubles it. */
export const SO_RCVBUF = 8;
/** Whether it listens. */
export const SO_ACCEPTCONN = 30;

// <netinet/in.h>, <bits/in.h>, <linux/in6.h>
/** Level of IPv4 options. */
export const IPPROTO_IP = 0;
/** Bind to addresses of others; needs CAP_NET_ADMIN or CAP_NET_RAW. */
export const IP_TRANSPARENT = 19;
/** The same for IPv6. */
export const IPV6_TRANSPARENT = 75;
/** bind() to port 0 leaves the choice of the port to connect(). */
export const IP_BIND_ADDRESS_NO_PORT = 24;
/** Level of TCP options. */
export const IPPROTO_TCP = 6;
/** Level of IPv6 options. */
export const IPPROTO_IPV6 = 41;
/** No IPv4 over this socket. */
export const IPV6_V6ONLY = 26;

// <netinet/tcp.h>
/** No Nagle delay. */
export const TCP_NODELAY = 1;
/** Seconds before the first probe. */
export const TCP_KEEPIDLE = 4;
/** Seconds between probes. */
export const TCP_KEEPINTVL = 5;
/** Unanswered probes that end the connection. */
export const TCP_KEEPCNT = 6;
/** Name of the congestion control, without NUL. */
export const TCP_CONGESTION = 13;
/** Acknowledge at once (1) or with the next data (0); the kernel changes it by itself later. */
export const TCP_QUICKACK = 12;
/** Milliseconds that sent data may stay unacknowledged. */
export const TCP_USER_TIMEOUT = 18;

// <bits/socket.h>
/** No SIGPIPE. */
export const MSG_NOSIGNAL = 0x4000;
/** Longest pending queue that old kernels take. */
export const SOMAXCONN_BACKLOG = 511;

// <sys/socket.h>
/** shutdown(): no more sending. */
export const SHUT_WR = 1;

// <sys/epoll.h>
/** Readable, or the peer ended its side. */
export const EPOLLIN = 0x001;
/** Writable, or connecting has ended. */
export const EPOLLOUT = 0x004;
/** An error is pending; reported always. */
export const EPOLLERR = 0x008;
/** Both directions have ended; reported always. */
export const EPOLLHUP = 0x010;
/** The peer ended its side, or both directions have ended. */
export const EPOLLRDHUP = 0x2000;
/** Reported when it becomes so, not as long as it is so. */
export const EPOLLET = 0x80000000;
/** epoll_ctl(): add. */
export const EPOLL_CTL_ADD = 1;
/** epoll_ctl(): remove. */
export const EPOLL_CTL_DEL = 2;
/** epoll_ctl(): change. */
export const EPOLL_CTL_MOD = 3;
/** Not inherited. */
export const EPOLL_CLOEXEC = 0o2000000;

// <sys/eventfd.h>
/** Reading never waits. */
export const EFD_NONBLOCK = 0o4000;
/** Not inherited. */
export const EFD_CLOEXEC = 0o2000000;

// <fcntl.h>, <linux/fcntl.h>
/** Never waits. */
export const O_NONBLOCK = 0o4000;
/** Not inherited. */
export const O_CLOEXEC = 0o2000000;
/** Reads the descriptor's own flags. */
export const F_GETFD = 1;
/** Sets them. */
export const F_SETFD = 2;
/** Reads the flags that all duplicates share. */
export const F_GETFL = 3;
/** Sets them. */
export const F_SETFL = 4;
/** Of F_SETFD: not inherited. */
export const FD_CLOEXEC = 1;
/** Sets the capacity of a pipe. */
export const F_SETPIPE_SZ = 1031;
/** Reads the capacity of a pipe. */
export const F_GETPIPE_SZ = 1032;
/** Moves pages where possible. */
export const SPLICE_F_MOVE = 1;
/** Never waits for the pipe. */
export const SPLICE_F_NONBLOCK = 2;

// <asm-generic/resource.h>
/** Open descriptors. */
export const RLIMIT_NOFILE = 7;

// <linux/netlink.h>, <linux/rtnetlink.h>
/** Routing and links. */
export const NETLINK_ROUTE = 0;
/** Multicast groups (bits of nl_groups): links. */
export const RTMGRP_LINK = 0x1;
/** IPv4 addresses. */
export const RTMGRP_IPV4_IFADDR = 0x10;
/** IPv4 routes. */
export const RTMGRP_IPV4_ROUTE = 0x40;
/** IPv6 addresses. */
export const RTMGRP_IPV6_IFADDR = 0x100;
/** IPv6 routes. */
export const RTMGRP_IPV6_ROUTE = 0x400;
/** Message types: a link appeared or changed. */
export const RTM_NEWLINK = 16;
/** A link went away. */
export const RTM_DELLINK = 17;
/** An address appeared, or its lifetime was renewed. */
export const RTM_NEWADDR = 20;
/** An address went away. */
export const RTM_DELADDR = 21;
/** A route appeared. */
export const RTM_NEWROUTE = 24;
/** A route went away. */
export const RTM_DELROUTE = 25;
/** rtm_type: a gateway or direct route. */
export const RTN_UNICAST = 1;
/** rtm_flags: a cached copy, not a route of its own. */
export const RTM_F_CLONED = 0x200;

// <asm-generic/unistd.h>; x86-64 has the same since all new calls are numbered alike
/** pidfd_open(), Linux 5.3; a `long` goes to syscall(). */
export const SYS_PIDFD_OPEN = 434n;
/** pidfd_getfd(), Linux 5.6. */
export const SYS_PIDFD_GETFD = 438n;

// <bits/time.h>
/** Since an unnamed moment; suspended time is not counted. */
export const CLOCK_MONOTONIC = 1;

// <net/if.h>
/** Longest interface name, NUL included. */
export const IF_NAMESIZE = 16;
