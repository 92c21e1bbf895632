import type { DatagramInbox } from "../../ffi/datagram_inbox.ts";
import { DatagramOutbox } from "../../ffi/datagram_outbox.ts";
import type { MmsgLibrary } from "../../ffi/mmsg.ts";
import { ERRNO } from "../../ffi/mod.ts";

/** UDP_MAX_SEGMENTS of older kernels; newer ones take 128. */
const MAX_SEGMENTS = 64;
/** Less than an IP packet may have (65,535 with headers), so that extension headers do not matter. */
const MAX_RUN_BYTES = 65_000;
/** Messages of one call, and pieces of them together. */
const OUTBOX_ROOM = { messages: 64, pieces: 1024 } as const;
/** A pending ICMP error ends one send without sending; two in a row are rare, a third is no accident. */
const MAX_RETRIES = 2;

/** A card without checksum offload: no size would do. */
const EIO = 5;
const EMSGSIZE = 90;

/** Whose datagrams are in a batch. */
export interface UdpFlow {
  /** The client, in the words of a sockaddr. */
  readonly peer: Uint32Array;
  bytesIn: number;
  bytesOut: number;
}

/** What is known of a socket that is sent from: which datagrams it can still have cut by the kernel. */
export interface SendLimit {
  /** Datagrams of up to this size may be joined; 0 for none. Begins as `Infinity`. */
  segmentBytes: number;
}

/** Datagrams in order, as planned by {@linkcode runEnd}. */
export interface PacketList {
  readonly count: number;
  readonly lengths: ArrayLike<number>;
  readonly flows: ArrayLike<UdpFlow | undefined>;
}

/**
 * Where the datagrams that one GSO message can carry end: of one flow, each as long as the first one, at most a last
 * one shorter, never an empty one.
 *
 * @param maxSegmentBytes Of {@linkcode SendLimit}.
 * @returns Index after the last; `first + 1` is a plain datagram.
 */
export function runEnd(packets: PacketList, first: number, maxSegmentBytes: number): number {
  const size = packets.lengths[first] ?? 0;
  const flow = packets.flows[first];
  let end = first + 1;
  if (size === 0 || size > maxSegmentBytes) return end;
  const last = Math.min(packets.count, first + MAX_SEGMENTS);
  let total = size;
  while (end < last) {
    const length = packets.lengths[end] ?? 0;
    total += length;
    if (length === 0 || length > size || total >= MAX_RUN_BYTES || packets.flows[end] !== flow) break;
    end++;
    if (length < size) break;
  }
  return end;
}

/** What to do about a message that was not sent. */
export type SendRemedy = "retry" | "plain" | "skip" | "drop-rest";

/**
 * Judges a refusal.
 *
 * @param message How many datagrams it is, and how often it was tried again.
 */
export function sendRemedy(
  errno: number,
  message: { readonly isRun: boolean; readonly retries: number },
): SendRemedy {
  switch (errno) {
    case ERRNO.EAGAIN:
    case ERRNO.ENOBUFS:
      return "drop-rest"; // the way out is full; what is behind would not fit either
    case ERRNO.EINVAL:
    case EIO:
    case EMSGSIZE:
      return message.isRun ? "plain" : "skip";
    case ERRNO.ECONNREFUSED:
    case ERRNO.EHOSTUNREACH:
    case ERRNO.ENETUNREACH:
    case ERRNO.EINTR:
      return message.retries < MAX_RETRIES ? "retry" : "skip"; // perhaps an ICMP error about an earlier datagram
    default:
      return message.retries < 1 ? "retry" : "skip"; // errno may be another native call's
  }
}

/** After a run of this size was refused: which sizes may still work. Too long for one path is not too long for all. */
export function lowerLimit(errno: number, segmentBytes: number): number {
  return errno === EIO ? 0 : segmentBytes - 1;
}

/**
 * Datagrams that lie in an inbox, collected and sent by as few calls as can be. `in` is towards a target on its
 * connected socket; `out` is towards clients, each to its own endpoint.
 */
export class UdpBatch implements PacketList {
  /** Datagrams collected. */
  count = 0;
  /** Datagrams the kernel did not take, so far. */
  dropped = 0;
  /** Whether the last flush lost its first datagram, and the prefix with it. */
  isFirstLost = false;
  readonly lengths: Int32Array;
  readonly flows: (UdpFlow | undefined)[];
  readonly #offsets: Int32Array;
  readonly #inbox: DatagramInbox;
  readonly #outbox: DatagramOutbox;
  readonly #direction: "in" | "out";
  /** By message of the outbox: its first datagram; one more than there are messages. */
  readonly #firsts = new Int32Array(OUTBOX_ROOM.messages + 1);
  #prefixBytes = 0;
  #bytes = 0;
  #retries = 0;

  /** @param library Has to outlive it, as has the inbox. */
  constructor(library: MmsgLibrary, inbox: DatagramInbox, direction: "in" | "out") {
    this.#inbox = inbox;
    this.#outbox = new DatagramOutbox(library, inbox, OUTBOX_ROOM);
    this.#direction = direction;
    const room = inbox.slots * MAX_SEGMENTS * 2; // the kernel's own joining may grow to 128
    this.lengths = new Int32Array(room);
    this.#offsets = new Int32Array(room);
    this.flows = new Array<UdpFlow | undefined>(room).fill(undefined);
  }

  /** Whether what one more slot can hold would fit. */
  get isFull(): boolean {
    return this.count + MAX_SEGMENTS * 2 > this.lengths.length;
  }

  /** Bytes collected. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What goes before the payload of the first datagram; gone with the next {@linkcode UdpBatch.flush}. */
  setPrefix(prefix: Uint8Array): void {
    this.#prefixBytes = this.#inbox.setPrefix(prefix);
  }

  /** Adds one datagram. */
  add(offset: number, length: number, flow: UdpFlow): void {
    if (this.count >= this.lengths.length) return;
    this.#offsets[this.count] = offset;
    this.lengths[this.count] = length;
    this.flows[this.count] = flow;
    this.count++;
    this.#bytes += length;
    if (this.#direction === "in") flow.bytesIn += length;
    else flow.bytesOut += length;
  }

  /**
   * Sends everything, in order, and is empty then. Nothing waits: what the kernel does not take is lost, as on the
   * wire.
   *
   * @returns Bytes of payload sent.
   */
  flush(fd: number, limit: SendLimit): number {
    if (this.count === 0) return 0;
    this.isFirstLost = false;
    if (!this.#sendSingle(fd)) {
      let next = 0;
      while (next < this.count) next = this.#sendFrom(fd, next, limit);
    }
    const sent = this.#bytes;
    this.flows.fill(undefined, 0, this.count);
    this.count = this.#bytes = this.#prefixBytes = 0;
    return sent;
  }

  /** The cheapest call for the commonest case. @returns Whether it is done with. */
  #sendSingle(fd: number): boolean {
    if (this.count !== 1 || this.#direction === "out" || this.#prefixBytes > 0) return false;
    const slot = this.#inbox.slotAt(this.#offsets[0] ?? 0);
    return slot >= 0 && this.#inbox.send(fd, slot, this.lengths[0] ?? 0) >= 0;
  }

  /** Plans as many messages as fit and sends them. @returns The next datagram that was neither sent nor given up. */
  #sendFrom(fd: number, first: number, limit: SendLimit): number {
    const end = this.#plan(first, limit.segmentBytes);
    let message = 0;
    while (message < this.#outbox.count) {
      const sent = this.#outbox.send(fd, message);
      if (sent > 0) {
        message += sent;
        this.#retries = 0;
        continue;
      }
      const start = this.#firsts[message] ?? end;
      const isRun = (this.#firsts[message + 1] ?? end) - start > 1;
      switch (sendRemedy(-sent, { isRun, retries: this.#retries++ })) {
        case "retry":
          continue;
        case "plain":
          limit.segmentBytes = lowerLimit(-sent, this.lengths[start] ?? 0);
          return start;
        case "skip":
          this.#lose(start, this.#firsts[message + 1] ?? end);
          message++;
          break;
        case "drop-rest":
          this.#lose(start, this.count);
          return this.count;
      }
      this.#retries = 0;
    }
    return end;
  }

  #plan(first: number, maxSegmentBytes: number): number {
    const outbox = this.#outbox;
    outbox.clear();
    let next = first;
    while (next < this.count) {
      const isPrefixed = next === 0 && this.#prefixBytes > 0;
      const end = isPrefixed ? 1 : runEnd(this, next, maxSegmentBytes);
      if (!outbox.hasRoom(end - next + 1)) break;
      this.#firsts[outbox.count] = next;
      const peer = this.#direction === "out" ? this.flows[next]?.peer : undefined;
      outbox.begin(peer, end - next > 1 ? this.lengths[next] ?? 0 : 0);
      if (isPrefixed) outbox.addPiece(this.#inbox.prefixOffset, this.#prefixBytes);
      this.#addPieces(next, end);
      next = end;
    }
    this.#firsts[outbox.count] = next;
    return next;
  }

  /** Datagrams that the kernel joined on receiving lie one behind the other: one piece. */
  #addPieces(first: number, end: number): void {
    let offset = this.#offsets[first] ?? 0;
    let length = this.lengths[first] ?? 0;
    for (let i = first + 1; i < end; i++) {
      const next = this.#offsets[i] ?? 0;
      if (next === offset + length) {
        length += this.lengths[i] ?? 0;
        continue;
      }
      this.#outbox.addPiece(offset, length);
      offset = next;
      length = this.lengths[i] ?? 0;
    }
    this.#outbox.addPiece(offset, length);
  }

  #lose(first: number, end: number): void {
    if (first === 0) this.isFirstLost = true;
    for (let i = first; i < end; i++) {
      const length = this.lengths[i] ?? 0;
      const flow = this.flows[i];
      this.#bytes -= length;
      this.dropped++;
      if (flow === undefined) continue;
      if (this.#direction === "in") flow.bytesIn -= length;
      else flow.bytesOut -= length;
    }
  }
}
