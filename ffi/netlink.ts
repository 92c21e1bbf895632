import { check } from "./errno.ts";
import type { Descriptor } from "./fd.ts";
import { libc } from "./libc.ts";
import * as linux from "./linux.ts";
import { openSocket } from "./socket.ts";

/** Something about this host's network that came or went. */
export type RouteMessage =
  | { readonly kind: "link"; readonly isGone: boolean; readonly index: number; readonly flags: number }
  | {
    readonly kind: "address";
    readonly isGone: boolean;
    /** Of the link. */
    readonly index: number;
    /** Prefix length and addresses, as a key. */
    readonly address: string;
    /** IFA_F_*: tentative, deprecated, … */
    readonly flags: number;
  }
  | { readonly kind: "route"; readonly isGone: boolean };

/** struct sockaddr_nl { nl_family, nl_pad: u16; nl_pid, nl_groups: u32 }. */
const SOCKADDR_NL_BYTES = 12;

/** struct nlmsghdr { nlmsg_len: u32; nlmsg_type, nlmsg_flags: u16; nlmsg_seq, nlmsg_pid: u32 }. */
const HEADER_BYTES = 16;

/** struct ifinfomsg { ifi_family, pad: u8; ifi_type: u16; ifi_index: i32; ifi_flags, ifi_change: u32 }. */
const LINK_BYTES = 16;

/** struct ifaddrmsg { ifa_family, ifa_prefixlen, ifa_flags, ifa_scope: u8; ifa_index: u32 }. */
const ADDRESS_BYTES = 8;

/** struct rtmsg { family, dst_len, src_len, tos, table, protocol, scope, type: u8; rtm_flags: u32 }. */
const ROUTE_BYTES = 12;

/**
 * Opens a socket that reports changes of links, addresses and routes of its network namespace.
 *
 * @throws {SystemError}
 */
export function openRouteSocket(): Descriptor {
  const socket = openSocket(linux.AF_NETLINK, linux.SOCK_RAW, linux.NETLINK_ROUTE);
  const address = new Uint8Array(new ArrayBuffer(SOCKADDR_NL_BYTES));
  const view = new DataView(address.buffer);
  view.setUint16(0, linux.AF_NETLINK, linux.LITTLE_ENDIAN);
  view.setUint32(
    8,
    linux.RTMGRP_LINK | linux.RTMGRP_IPV4_IFADDR | linux.RTMGRP_IPV6_IFADDR |
      linux.RTMGRP_IPV4_ROUTE | linux.RTMGRP_IPV6_ROUTE,
    linux.LITTLE_ENDIAN,
  );
  try {
    check(libc().bind(socket.number, address, address.length), "bind", "watch network changes");
    return socket;
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
}

/** Reads what {@linkcode openRouteSocket} reports (rtnetlink(7)). Total: what is cut or unknown is left out. */
export function parseRouteMessages(data: Uint8Array): RouteMessage[] {
  const out: RouteMessage[] = [];
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  let start = 0;
  while (start + HEADER_BYTES <= data.length) {
    const length = view.getUint32(start, linux.LITTLE_ENDIAN);
    if (length < HEADER_BYTES || start + length > data.length) break;
    const type = view.getUint16(start + 4, linux.LITTLE_ENDIAN);
    const body = new DataView(data.buffer, data.byteOffset + start + HEADER_BYTES, length - HEADER_BYTES);
    const message = routeMessage(type, body);
    if (message !== undefined) out.push(message);
    start += (length + 3) & ~3; // NLMSG_ALIGN
  }
  return out;
}

function routeMessage(type: number, body: DataView): RouteMessage | undefined {
  switch (type) {
    case linux.RTM_NEWLINK:
    case linux.RTM_DELLINK:
      if (body.byteLength < LINK_BYTES) return undefined;
      return {
        kind: "link",
        isGone: type === linux.RTM_DELLINK,
        index: body.getInt32(4, linux.LITTLE_ENDIAN),
        flags: body.getUint32(8, linux.LITTLE_ENDIAN),
      };
    case linux.RTM_NEWADDR:
    case linux.RTM_DELADDR:
      if (body.byteLength < ADDRESS_BYTES) return undefined;
      return {
        kind: "address",
        isGone: type === linux.RTM_DELADDR,
        index: body.getUint32(4, linux.LITTLE_ENDIAN),
        address: addressKey(body),
        flags: body.getUint8(2),
      };
    case linux.RTM_NEWROUTE:
    case linux.RTM_DELROUTE: {
      if (body.byteLength < ROUTE_BYTES || body.getUint8(7) !== linux.RTN_UNICAST) return undefined;
      if ((body.getUint32(8, linux.LITTLE_ENDIAN) & linux.RTM_F_CLONED) !== 0) return undefined;
      return { kind: "route", isGone: type === linux.RTM_DELROUTE };
    }
    default:
      return undefined;
  }
}

/** Prefix length and the addresses (IFA_ADDRESS 1, IFA_LOCAL 2); lifetimes are left out, renewals look the same. */
function addressKey(body: DataView): string {
  const parts = [`/${body.getUint8(1)}`];
  let start = ADDRESS_BYTES;
  while (start + 4 <= body.byteLength) {
    const length = body.getUint16(start, linux.LITTLE_ENDIAN);
    if (length < 4 || start + length > body.byteLength) break;
    const type = body.getUint16(start + 2, linux.LITTLE_ENDIAN);
    if (type === 1 || type === 2) {
      parts.push(new Uint8Array(body.buffer, body.byteOffset + start + 4, length - 4).toHex());
    }
    start += (length + 3) & ~3; // RTA_ALIGN
  }
  return parts.join(" ");
}
