import type { DataLoop } from "./data_loop.ts";
import { ExpiryWheel } from "./expiry_wheel.ts";
import { PipePool } from "./pipe_pool.ts";
import { COPY_BYTES } from "./relay_half.ts";
import { TcpPeers } from "./tcp_peers.ts";

/** Bulk without a pipe is received in pieces of this size: measured, 64 KiB cost a quarter more. */
const BULK_COPY_BYTES = 262_144;

/** Leftovers of blocked connections in all; beyond it only small pieces are read. */
const HELD_BYTES_MAX = 64 << 20;

/** What is read then: what slow readers hold stays bounded by it. */
const SMALL_COPY_BYTES = 8192;

/** Slots of the wheel: limits are whole seconds, short ones of tests too. */
const WHEEL_SLOT_MS = 250;

/** What all TCP connections of the Worker use together. Disposing closes the pipes. */
export class TcpShared implements Disposable {
  readonly loop: DataLoop;
  readonly pool: PipePool = new PipePool();
  readonly wheel: ExpiryWheel;
  readonly peers: TcpPeers = new TcpPeers();
  /** Received into and sent from at once; what the sink does not take is copied out. */
  readonly copyBuffer: Uint8Array<ArrayBuffer> = new Uint8Array(new ArrayBuffer(COPY_BYTES));
  #bulkBuffer: Uint8Array<ArrayBuffer> | undefined;
  #heldBytes = 0;

  constructor(loop: DataLoop) {
    this.loop = loop;
    this.wheel = new ExpiryWheel(loop.nowMs(), WHEEL_SLOT_MS);
    loop.addTicker(this);
  }

  /** The buffer of bulk that got no pipe, made when first needed. */
  get bulkBuffer(): Uint8Array<ArrayBuffer> {
    return this.#bulkBuffer ??= new Uint8Array(new ArrayBuffer(BULK_COPY_BYTES));
  }

  /** How much of `wanted` to read, as blocked connections may have to hold it. */
  readSize(wanted: number): number {
    return this.#heldBytes > HELD_BYTES_MAX ? SMALL_COPY_BYTES : wanted;
  }

  /** Leftovers came (positive) or went. */
  noteHeld(bytes: number): void {
    this.#heldBytes += bytes;
  }

  /** For the loop. */
  tick(nowMs: number): void {
    this.wheel.advance(nowMs);
  }

  [Symbol.dispose](): void {
    this.loop.removeTicker(this);
    this.pool[Symbol.dispose]();
  }
}
