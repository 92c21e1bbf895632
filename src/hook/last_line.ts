/**
 * Remembers the last line that is not blank of a stream of any length, in bounded memory: a longer line keeps
 * its first 500 bytes.
 */
export class LastLine {
  readonly #line = new Uint8Array(500);
  #length = 0;
  #last = "";

  /** Takes the next bytes; lines may be cut anywhere. */
  push(bytes: Uint8Array): void {
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      this.#append(bytes.subarray(start, end));
      this.#finishLine();
      start = end + 1;
    }
    this.#append(bytes.subarray(start));
  }

  /** The last line so far, finished or not; control characters are blanks. */
  get text(): string {
    return this.#read() || this.#last;
  }

  #append(bytes: Uint8Array): void {
    const part = bytes.subarray(0, this.#line.length - this.#length);
    this.#line.set(part, this.#length);
    this.#length += part.length;
  }

  #finishLine(): void {
    this.#last = this.#read() || this.#last;
    this.#length = 0;
  }

  #read(): string {
    const text = new TextDecoder().decode(this.#line.subarray(0, this.#length));
    return text.replace(/\p{Cc}+/gu, " ").trim();
  }
}
