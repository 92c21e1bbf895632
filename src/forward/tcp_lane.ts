import { ERRNO, type Pipe, receiveInto, sendFrom, shutdownWrite, spliceBytes } from "../../ffi/mod.ts";
import type { Descriptor } from "../../ffi/mod.ts";
import { errorCode } from "../core/errors.ts";
import { COPY_BYTES, type RelayHalf } from "./relay_half.ts";
import type { TcpShared } from "./tcp_shared.ts";
import type { TokenBucket } from "./token_bucket.ts";

/** Why pumping ended: nothing to do, the slice was used up, the rate is, or a socket failed. */
export type PumpEnd = "idle" | "more" | "throttled" | "source-failed" | "sink-failed";

/** What a lane is made of. */
export interface TcpLaneOptions {
  readonly half: RelayHalf;
  /** The other direction of the same connection. */
  readonly opposite: RelayHalf;
  readonly shared: TcpShared;
  readonly bucket: TokenBucket | undefined;
}

/** Below it asking the bucket again costs more calls than it moves bytes. */
const THROTTLED_BYTES = 4096;

/** Carries out the steps of one direction with real sockets. It owns the pipe lent to it and what a sink left over. */
export class TcpLane {
  readonly half: RelayHalf;
  /** Of a `-failed` end. */
  errno = 0;
  /** Taken by the sink so far, the header not counted. */
  bytes = 0;
  /** Waits for its turn or for the rate; kept by the session. */
  isQueued = false;
  readonly #opposite: RelayHalf;
  readonly #shared: TcpShared;
  readonly #bucket: TokenBucket | undefined;
  #source: Descriptor | undefined;
  #sink: Descriptor | undefined;
  #pipe: Pipe | undefined;
  #held: Uint8Array<ArrayBuffer> | undefined;

  constructor(options: TcpLaneOptions) {
    this.half = options.half;
    this.#opposite = options.opposite;
    this.#shared = options.shared;
    this.#bucket = options.bucket;
  }

  /** Both sockets stand; they belong to the session. @param header Goes before everything, already preloaded. */
  open(source: Descriptor, sink: Descriptor, header?: Uint8Array<ArrayBuffer>): void {
    this.#source = source;
    this.#sink = sink;
    if (header === undefined) return;
    this.bytes = -header.length;
    this.#hold(header);
  }

  /** Moves up to about `sliceBytes`. */
  pump(sliceBytes: number): PumpEnd {
    const { half } = this;
    const source = this.#source?.number;
    const sink = this.#sink;
    if (source === undefined || sink === undefined) return "idle";
    const until = this.bytes + sliceBytes;
    let end: PumpEnd | undefined;
    while (end === undefined) {
      if (this.bytes >= until) return half.step() === "wait" ? "idle" : "more";
      switch (half.step()) {
        case "copy":
          end = this.#copy(source, sink.number, COPY_BYTES);
          // Whoever has just turned out to be bulk goes to the end of the line.
          if (half.isBulk) end ??= "more";
          break;
        case "fill":
          end = this.#fill(source, sink.number);
          break;
        case "flush":
          end = this.#flush(sink.number);
          break;
        case "drain":
          end = this.#drain(sink.number);
          break;
        case "finish":
          end = this.#finish(sink);
          break;
        default:
          return "idle";
      }
    }
    return end;
  }

  /** Milliseconds until a throttled lane may go on. */
  waitMs(nowMs: number): number {
    return this.#bucket?.waitMs(THROTTLED_BYTES, nowMs) ?? 0;
  }

  /** Lets go of what it holds; the sockets are the session's. */
  drop(): void {
    if (this.#pipe !== undefined) this.#shared.pool.discard(this.#pipe);
    this.#pipe = undefined;
    this.#release();
    this.#source = this.#sink = undefined;
  }

  #copy(source: number, sink: number, wanted: number): PumpEnd | undefined {
    const { half } = this;
    const isLarge = wanted > COPY_BYTES;
    const buffer = isLarge ? this.#shared.bulkBuffer : this.#shared.copyBuffer;
    let asked = this.#shared.readSize(wanted);
    if (this.#bucket !== undefined) asked = this.#bucket.take(asked, this.#shared.loop.nowMs());
    if (asked === 0) return "throttled";
    const count = receiveInto(source, buffer, asked);
    if (count < asked) this.#bucket?.giveBack(asked - Math.max(0, count));
    if (count < 0) return this.#sourceRefused(-count);
    half.received(count, asked);
    if (count === 0) return undefined;
    // A short read after the peer's end was the last one: data and end go out together.
    const isLast = half.hasHangup && count < asked && this.#bucket === undefined;
    const sent = sendFrom(sink, buffer, count, isLast);
    if (sent < 0) {
      if (-sent !== ERRNO.EAGAIN) return this.#fail("sink-failed", -sent);
      half.sinkBlocked();
    } else {
      half.sent(sent);
      this.bytes += sent;
    }
    if (half.pendingBytes > 0) this.#hold(buffer.slice(count - half.pendingBytes, count));
    return undefined;
  }

  #fill(source: number, sink: number): PumpEnd | undefined {
    // A rate limit counts what is read, which a splice would not bound.
    if (this.#bucket !== undefined) return this.#copy(source, sink, COPY_BYTES);
    const pipe = this.#pipe ??= this.#shared.pool.take(this.#shared.loop.nowMs());
    if (pipe === undefined) return this.#copy(source, sink, this.#shared.bulkBuffer.length);
    const count = spliceBytes(source, pipe.writeEnd.number, pipe.capacity);
    if (count <= 0) this.#givePipe();
    if (count < 0) return this.#sourceRefused(-count);
    this.half.filled(count);
    return undefined;
  }

  #drain(sink: number): PumpEnd | undefined {
    const pipe = this.#pipe;
    if (pipe === undefined) throw new TypeError("Cannot drain: there is no pipe");
    const count = spliceBytes(pipe.readEnd.number, sink, this.half.pendingBytes);
    if (count < 0) return this.#sinkRefused(-count);
    this.half.drained(count);
    this.bytes += count;
    if (this.half.pendingBytes === 0) this.#givePipe();
    return undefined;
  }

  #flush(sink: number): PumpEnd | undefined {
    const held = this.#held;
    if (held === undefined) throw new TypeError("Cannot flush: nothing is held");
    const count = sendFrom(sink, held, held.length);
    if (count < 0) return this.#sinkRefused(-count);
    this.half.sent(count);
    this.bytes += count;
    this.#release();
    if (count < held.length) this.#hold(held.slice(count));
    return undefined;
  }

  #finish(sink: Descriptor): PumpEnd | undefined {
    this.half.finished();
    // The last direction to end is ended by the close that follows, which sends the FIN as well.
    if (this.#opposite.isEnded) return undefined;
    try {
      shutdownWrite(sink);
    } catch (error) {
      // ENOTCONN: the sink's connection is gone, which is an end as well; the read of it says how.
      if (errorCode(error) !== "ENOTCONN") throw error;
    }
    return undefined;
  }

  #sourceRefused(errno: number): PumpEnd | undefined {
    if (errno !== ERRNO.EAGAIN) return this.#fail("source-failed", errno);
    this.half.sourceEmpty();
    return undefined;
  }

  #sinkRefused(errno: number): PumpEnd | undefined {
    if (errno !== ERRNO.EAGAIN) return this.#fail("sink-failed", errno);
    this.half.sinkBlocked();
    return undefined;
  }

  #fail(end: PumpEnd, errno: number): PumpEnd {
    this.errno = errno;
    return end;
  }

  #hold(bytes: Uint8Array<ArrayBuffer>): void {
    this.#held = bytes;
    this.#shared.noteHeld(bytes.length);
  }

  #release(): void {
    if (this.#held !== undefined) this.#shared.noteHeld(-this.#held.length);
    this.#held = undefined;
  }

  #givePipe(): void {
    if (this.#pipe !== undefined) this.#shared.pool.give(this.#pipe);
    this.#pipe = undefined;
  }
}
