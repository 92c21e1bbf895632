/** Looks for a few bytes in a stream, wherever its pieces are cut. */
export class ByteSearch {
  readonly #wanted: Uint8Array;
  readonly #mostBytes: number;
  #seen: Uint8Array = new Uint8Array(0);

  /** Looks for `wanted`. @param mostBytes What comes later is not looked at. */
  constructor(wanted: Uint8Array, mostBytes: number) {
    this.#wanted = wanted;
    this.#mostBytes = mostBytes;
  }

  /** Whether everything was looked at that is going to be. */
  get isOver(): boolean {
    return this.#seen.length >= this.#mostBytes;
  }

  /** Takes the next piece. @returns Whether the bytes have come by now. */
  take(piece: Uint8Array): boolean {
    const room = this.#mostBytes - this.#seen.length;
    const joined = new Uint8Array(this.#seen.length + Math.min(room, piece.length));
    joined.set(this.#seen);
    joined.set(piece.subarray(0, room), this.#seen.length);
    this.#seen = joined;
    return holdsBytes(joined, this.#wanted);
  }
}

/** Whether `bytes` hold `wanted` anywhere. */
export function holdsBytes(bytes: Uint8Array, wanted: Uint8Array): boolean {
  for (let at = 0; at + wanted.length <= bytes.length; at++) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return true;
  }
  return false;
}
