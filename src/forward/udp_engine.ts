import { DatagramInbox } from "../../ffi/datagram_inbox.ts";
import { MmsgLibrary } from "../../ffi/mmsg.ts";
import type { LoopHost } from "./data_loop.ts";
import { type SendLimit, UdpBatch, type UdpFlow } from "./udp_batch.ts";

/** Datagrams taken by one call. */
const SLOTS = 64;

/** With fewer slots left, what is collected is sent before more is received. */
const MIN_FREE_SLOTS = 16;

/** From where and for whom replies are sent. */
export interface ReplySender {
  /** The public socket. */
  readonly fd: number;
  readonly limit: SendLimit;
  /** They were sent. */
  onReplied(bytes: number, dropped: number): void;
}

/**
 * What the UDP relays of one thread share: the memory that datagrams lie in, and what collects replies of several
 * upstream sockets until the end of a round. Disposing unloads the calls; relays come before it.
 */
export class UdpEngine implements Disposable {
  /** What clients sent; used up before the next socket is looked at. */
  readonly inbox: DatagramInbox;
  /** Towards targets. */
  readonly forward: UdpBatch;
  /** Endpoints of the relays' own upstream sockets: what comes from there goes round in a circle. */
  readonly ownEndpoints: Set<string> = new Set();
  readonly #replyInbox: DatagramInbox;
  readonly #replies: UdpBatch;
  readonly #library: MmsgLibrary;
  #usedSlots = 0;
  #sender: ReplySender | undefined;
  #isScheduled = false;

  private constructor(library: MmsgLibrary) {
    this.#library = library;
    this.inbox = new DatagramInbox(library, SLOTS);
    this.forward = new UdpBatch(library, this.inbox, "in");
    this.#replyInbox = new DatagramInbox(library, SLOTS);
    this.#replies = new UdpBatch(library, this.#replyInbox, "out");
  }

  /** Loads the calls. @throws {Error} If there is no glibc, or no permission for FFI. */
  static open(): UdpEngine {
    return new UdpEngine(MmsgLibrary.open());
  }

  /**
   * Collects what a target answered; it is sent at the end of this round, or sooner when there is no room.
   *
   * @param mayPass Asked for each datagram, by its length.
   * @returns How many slots were received, or the negative errno.
   */
  collectReplies(
    from: {
      readonly fd: number;
      readonly flow: UdpFlow;
      readonly sender: ReplySender;
      readonly loop: LoopHost;
    },
    mayPass: (bytes: number) => boolean,
  ): number {
    const inbox = this.#replyInbox;
    const isCrowded = inbox.slots - this.#usedSlots < MIN_FREE_SLOTS || this.#replies.isFull;
    if (isCrowded || this.#sender !== from.sender) this.flushReplies();
    this.#sender = from.sender;
    const first = this.#usedSlots;
    const count = inbox.receive(from.fd, first);
    if (count <= 0) return count;
    this.#usedSlots += count;
    for (let slot = first; slot < this.#usedSlots; slot++) {
      addSlot(this.#replies, { inbox, slot, flow: from.flow }, mayPass);
    }
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      from.loop.defer(() => {
        this.#isScheduled = false;
        this.flushReplies();
      });
    }
    return count;
  }

  /** Sends what is collected now. */
  flushReplies(): void {
    this.#usedSlots = 0;
    const sender = this.#sender;
    this.#sender = undefined;
    if (sender === undefined || this.#replies.count === 0) return;
    const before = this.#replies.dropped;
    const bytes = this.#replies.flush(sender.fd, sender.limit);
    sender.onReplied(bytes, this.#replies.dropped - before);
  }

  [Symbol.dispose](): void {
    this.#sender = undefined;
    this.#library[Symbol.dispose]();
  }
}

/** Adds what is in a slot: one datagram, or those that the kernel joined. */
export function addSlot(
  batch: UdpBatch,
  from: { readonly inbox: DatagramInbox; readonly slot: number; readonly flow: UdpFlow },
  mayPass: (bytes: number) => boolean,
): void {
  const { inbox, slot, flow } = from;
  const length = inbox.lengths[slot] ?? 0;
  const segment = inbox.segments[slot] ?? 0;
  const offset = inbox.offsetOf(slot);
  if (segment === 0 || segment >= length) {
    if (mayPass(length)) batch.add(offset, length, flow);
    return;
  }
  for (let at = 0; at < length; at += segment) {
    const bytes = Math.min(segment, length - at);
    if (mayPass(bytes)) batch.add(offset + at, bytes, flow);
  }
}
