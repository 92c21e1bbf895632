import { lastErrno } from "./libc.ts";
import { MSG_NOSIGNAL } from "./linux.ts";
import {
  addressOf,
  CONTROL_BYTES,
  CONTROL_WORDS,
  HEADER_WORDS,
  headerPointers,
  IOVEC_WORDS,
  KernelWords,
  type MmsgLibrary,
  MSG_DONTWAIT,
  PEER_WORDS,
  SOL_UDP,
  UDP_GRO,
} from "./mmsg.ts";
import { SOCKADDR_BYTES } from "./sockaddr.ts";

/** Room for any datagram: 65,535 bytes with headers. */
const SLOT_BYTES = 65_536;

/** A cache line more than a slot, so that the starts of slots do not all fall into the same cache set. */
const SLOT_STRIDE = SLOT_BYTES + 64;

/** After the slots: room for what goes before a datagram, such as a PROXY header. */
const PREFIX_BYTES = 512;

/** <bits/socket.h>: a flag that comes back. */
const MSG_TRUNC = 0x20;

/**
 * Slots that datagrams are received into, many by one call. All pointers are written once. What a slot holds is valid
 * until it is received into again.
 */
export class DatagramInbox {
  /** How many datagrams fit. */
  readonly slots: number;
  /** Everything received, by {@linkcode DatagramInbox.offsetOf}, and the prefix area. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of `bytes`. */
  readonly address: number;
  /** Where in `bytes` the prefix area is. */
  readonly prefixOffset: number;
  /** By slot: bytes received; 0 is an empty datagram. */
  readonly lengths: Int32Array;
  /** By slot: size of the datagrams the kernel joined into it (UDP_GRO); 0 if it is one datagram. */
  readonly segments: Int32Array;
  /** By slot: the datagram did not fit, and its end is gone. */
  readonly isTruncated: Uint8Array;
  /** The sources, {@linkcode PEER_WORDS} words a slot. */
  readonly peers: Uint32Array<ArrayBuffer>;
  readonly #library: MmsgLibrary;
  readonly #headers: KernelWords;
  readonly #controls: KernelWords;
  readonly #iovecs: KernelWords;
  readonly #names: KernelWords;
  readonly #pointers: readonly Deno.PointerValue[];
  readonly #views: readonly Uint8Array<ArrayBuffer>[];

  /** @param library Has to outlive it. */
  constructor(library: MmsgLibrary, slots: number) {
    this.#library = library;
    this.slots = slots;
    this.prefixOffset = slots * SLOT_STRIDE;
    this.bytes = new Uint8Array(new ArrayBuffer(this.prefixOffset + PREFIX_BYTES));
    this.address = addressOf(this.bytes);
    this.lengths = new Int32Array(slots);
    this.segments = new Int32Array(slots);
    this.isTruncated = new Uint8Array(slots);
    this.#headers = new KernelWords(slots * HEADER_WORDS);
    this.#controls = new KernelWords(slots * CONTROL_WORDS);
    this.#iovecs = new KernelWords(slots * IOVEC_WORDS);
    this.#names = new KernelWords(slots * PEER_WORDS);
    this.peers = this.#names.words;
    this.#pointers = headerPointers(this.#headers, slots);
    const starts = Array.from({ length: slots }, (_, i) => this.offsetOf(i));
    this.#views = starts.map((start) => this.bytes.subarray(start, start + SLOT_BYTES));
    for (let i = 0; i < slots; i++) this.#prepare(i);
  }

  /** Where in `bytes` a slot begins. */
  offsetOf(slot: number): number {
    return slot * SLOT_STRIDE;
  }

  /** The slot that begins there; -1 if none does. */
  slotAt(offset: number): number {
    return offset % SLOT_STRIDE === 0 ? offset / SLOT_STRIDE : -1;
  }

  /** Copies to the prefix area. @returns How many bytes. @throws {RangeError} If there are too many. */
  setPrefix(prefix: Uint8Array): number {
    if (prefix.length > PREFIX_BYTES) throw new RangeError(`Cannot prefix ${prefix.length} bytes`);
    this.bytes.set(prefix, this.prefixOffset);
    return prefix.length;
  }

  /**
   * Takes what has arrived, without waiting, into the slots from `first` on.
   *
   * @returns How many slots were filled, or the negative errno.
   */
  receive(fd: number, first: number = 0): number {
    const pointer = this.#pointers[first];
    if (pointer === undefined) return 0;
    const count = this.#library.symbols.recvmmsg(fd, pointer, this.slots - first, MSG_DONTWAIT, null);
    if (count < 0) return -lastErrno();
    for (let i = first; i < first + count; i++) this.#take(i);
    return count;
  }

  /** Sends the begin of one slot to the connected peer. @returns Bytes sent, or the negative errno. */
  send(fd: number, slot: number, bytes: number): number {
    const view = this.#views[slot];
    if (view === undefined) return 0;
    const sent = this.#library.symbols.send(fd, view, bytes, MSG_NOSIGNAL);
    return sent >= 0 ? sent : -lastErrno();
  }

  /** Reads what the kernel wrote, and undoes what it must not find the next time. */
  #take(slot: number): void {
    const { words } = this.#headers;
    const header = slot * HEADER_WORDS;
    this.lengths[slot] = words[header + 14] ?? 0;
    this.isTruncated[slot] = ((words[header + 12] ?? 0) & MSG_TRUNC) === 0 ? 0 : 1;
    this.segments[slot] = (words[header + 10] ?? 0) === 0 ? 0 : this.#segmentBytes(slot);
    words[header + 2] = SOCKADDR_BYTES;
    words[header + 10] = CONTROL_BYTES;
  }

  #segmentBytes(slot: number): number {
    const { words } = this.#controls;
    const control = slot * CONTROL_WORDS;
    return words[control + 2] === SOL_UDP && words[control + 3] === UDP_GRO ? words[control + 4] ?? 0 : 0;
  }

  #prepare(slot: number): void {
    const header = slot * HEADER_WORDS;
    const iovec = slot * IOVEC_WORDS;
    this.#iovecs.setPointer(iovec, this.address + this.offsetOf(slot));
    this.#iovecs.words[iovec + 2] = SLOT_BYTES;
    this.#headers.setPointer(header, this.#names.address + slot * PEER_WORDS * 4);
    this.#headers.words[header + 2] = SOCKADDR_BYTES;
    this.#headers.setPointer(header + 4, this.#iovecs.address + iovec * 4);
    this.#headers.words[header + 6] = 1;
    this.#headers.setPointer(header + 8, this.#controls.address + slot * CONTROL_WORDS * 4);
    this.#headers.words[header + 10] = CONTROL_BYTES;
  }
}
