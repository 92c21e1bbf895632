import type { DatagramInbox } from "./datagram_inbox.ts";
import { lastErrno } from "./libc.ts";
import { AF_INET6, MSG_NOSIGNAL } from "./linux.ts";
import {
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
  UDP_SEGMENT,
} from "./mmsg.ts";
import { SOCKADDR_BYTES } from "./sockaddr.ts";

const SOCKADDR_IN_BYTES = 16;

/** Room of a {@linkcode DatagramOutbox}. */
export interface OutboxRoom {
  /** Messages sent by one call. */
  readonly messages: number;
  /** Pieces they consist of, all together; the kernel takes 1024 a message (UIO_MAXIOV). */
  readonly pieces: number;
}

/** Messages made of pieces of an inbox, sent by one call without being copied first. */
export class DatagramOutbox {
  /** Messages added since the last {@linkcode DatagramOutbox.clear}. */
  count = 0;
  readonly #library: MmsgLibrary;
  readonly #room: OutboxRoom;
  readonly #source: { readonly low: number; readonly high: number };
  readonly #headers: KernelWords;
  readonly #controls: KernelWords;
  readonly #iovecs: KernelWords;
  readonly #names: KernelWords;
  readonly #pointers: readonly Deno.PointerValue[];
  #pieces = 0;

  /** @param source Where the pieces are; has to outlive it, as has the library. */
  constructor(library: MmsgLibrary, source: DatagramInbox, room: OutboxRoom) {
    this.#library = library;
    this.#room = room;
    this.#source = { low: source.address % 2 ** 32, high: Math.floor(source.address / 2 ** 32) };
    this.#headers = new KernelWords(room.messages * HEADER_WORDS);
    this.#controls = new KernelWords(room.messages * CONTROL_WORDS);
    this.#iovecs = new KernelWords(room.pieces * IOVEC_WORDS);
    this.#names = new KernelWords(room.messages * PEER_WORDS);
    this.#pointers = headerPointers(this.#headers, room.messages);
    for (let i = 0; i < room.messages; i++) this.#prepare(i);
  }

  /** Forgets the messages. */
  clear(): void {
    this.count = 0;
    this.#pieces = 0;
  }

  /** Whether one more message of so many pieces fits. */
  hasRoom(pieces: number): boolean {
    return this.count < this.#room.messages && this.#pieces + pieces <= this.#room.pieces;
  }

  /**
   * Begins a message.
   *
   * @param peer Where to, in the words of a sockaddr; `undefined` on a connected socket.
   * @param segmentBytes The kernel cuts the message into datagrams of this size (UDP_SEGMENT); 0 if it is one.
   */
  begin(peer: Uint32Array | undefined, segmentBytes: number): void {
    const { words } = this.#headers;
    const header = this.count * HEADER_WORDS;
    words[header + 2] = 0;
    if (peer !== undefined) {
      words[header + 2] = ((peer[0] ?? 0) & 0xffff) === AF_INET6 ? SOCKADDR_BYTES : SOCKADDR_IN_BYTES;
      const name = this.count * PEER_WORDS;
      for (let i = 0; i < PEER_WORDS; i++) this.#names.words[name + i] = peer[i] ?? 0;
    }
    this.#headers.setPointer(header + 4, this.#iovecs.address + this.#pieces * IOVEC_WORDS * 4);
    words[header + 6] = 0;
    words[header + 10] = segmentBytes === 0 ? 0 : CONTROL_BYTES;
    this.#controls.words[this.count * CONTROL_WORDS + 4] = segmentBytes;
    this.count++;
  }

  /** Adds bytes of the inbox to the message begun last. */
  addPiece(offset: number, bytes: number): void {
    const { words } = this.#iovecs;
    const iovec = this.#pieces * IOVEC_WORDS;
    const low = this.#source.low + offset;
    words[iovec] = low; // modulo 2^32
    words[iovec + 1] = this.#source.high + (low >= 2 ** 32 ? 1 : 0);
    words[iovec + 2] = bytes;
    this.#pieces++;
    const length = (this.count - 1) * HEADER_WORDS + 6;
    this.#headers.words[length] = (this.#headers.words[length] ?? 0) + 1;
  }

  /**
   * Sends the messages from `first` on; never raises SIGPIPE, never waits.
   *
   * @returns How many were sent, perhaps fewer than there are, or the negative errno of the first.
   */
  send(fd: number, first: number): number {
    const pointer = this.#pointers[first];
    if (pointer === undefined) return 0;
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const sent = this.#library.symbols.sendmmsg(fd, pointer, this.count - first, flags);
    return sent >= 0 ? sent : -lastErrno();
  }

  #prepare(message: number): void {
    const header = message * HEADER_WORDS;
    const control = message * CONTROL_WORDS;
    this.#headers.setPointer(header, this.#names.address + message * PEER_WORDS * 4);
    this.#headers.setPointer(header + 8, this.#controls.address + control * 4);
    this.#controls.words[control] = 18; // CMSG_LEN(sizeof(uint16_t))
    this.#controls.words[control + 2] = SOL_UDP;
    this.#controls.words[control + 3] = UDP_SEGMENT;
  }
}
