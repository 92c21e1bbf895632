import { decodeSockaddr } from "../../ffi/mod.ts";
import { PEER_WORDS } from "../../ffi/mmsg.ts";
import type { Endpoint } from "../core/endpoint.ts";
import { endpointOf } from "../net/socket_address.ts";
import type { SessionKey } from "./udp_sessions.ts";

/** AF_INET; the low half of the first word of a sockaddr, as both architectures are little-endian. */
const AF_INET = 2;

/**
 * The key of the sockaddr in one slot: equal for equal sources only.
 *
 * @param peers Of a `DatagramInbox`.
 */
export function peerKey(peers: Uint32Array<ArrayBuffer>, slot: number): SessionKey {
  const base = slot * PEER_WORDS;
  const familyAndPort = peers[base] ?? 0;
  if ((familyAndPort & 0xffff) === AF_INET) return (peers[base + 1] ?? 0) * 65_536 + (familyAndPort >>> 16);
  // Port, 16 address bytes and the scope, as characters: the cheapest text there is.
  const halves = new Uint16Array(peers.buffer, peers.byteOffset + base * 4, PEER_WORDS * 2);
  return String.fromCharCode(...halves.subarray(1, 2), ...halves.subarray(4, 14));
}

/** A copy of the sockaddr in one slot. */
export function copyPeer(peers: Uint32Array<ArrayBuffer>, slot: number): Uint32Array<ArrayBuffer> {
  return peers.slice(slot * PEER_WORDS, (slot + 1) * PEER_WORDS);
}

/** Who that is; `undefined` if it is no IP address. */
export function peerEndpoint(peer: Uint32Array<ArrayBuffer>): Endpoint | undefined {
  const address = decodeSockaddr(new Uint8Array(peer.buffer, peer.byteOffset, peer.byteLength));
  return address && endpointOf(address);
}
