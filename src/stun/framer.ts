import { StunDecodeError } from "./errors.ts";
import { beginsWithCookie, HEADER_BYTES, messageBytes } from "./message.ts";

/**
 * Cuts STUN messages out of a byte stream (RFC 8489, section 6.2.2): the header tells the length, nothing else
 * separates them. Holds at most one unfinished message.
 */
export class StunFramer {
  #rest: Uint8Array = new Uint8Array(0);

  /** Whether a message has begun and not ended. */
  get isMidMessage(): boolean {
    return this.#rest.length > 0;
  }

  /**
   * Takes the next piece of the stream, whatever its size; `data` is not kept.
   *
   * @returns The messages that are complete now; their attributes are not looked at.
   * @throws {StunDecodeError} If the stream is not STUN with the magic cookie; it cannot be followed any more.
   */
  push(data: Uint8Array): readonly Uint8Array[] {
    let bytes = new Uint8Array(this.#rest.length + data.length);
    bytes.set(this.#rest);
    bytes.set(data, this.#rest.length);
    const messages: Uint8Array[] = [];
    while (bytes.length > 0) {
      if (((bytes[0] ?? 0) & 0xc0) !== 0) throw new StunDecodeError("the stream is not STUN", 0);
      if (bytes.length < HEADER_BYTES) break;
      if (!beginsWithCookie(bytes.subarray(4))) throw new StunDecodeError("the stream has no STUN cookie", 4);
      const total = messageBytes(bytes);
      if (bytes.length < total) break;
      messages.push(bytes.subarray(0, total));
      bytes = bytes.subarray(total);
    }
    this.#rest = bytes.slice();
    return messages;
  }
}
