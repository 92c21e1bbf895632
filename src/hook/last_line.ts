const NEWLINE = 0x0a;
const BLANK = 0x20;

/** Bytes kept of a line. */
const LINE_BYTES = 500;

/**
 * Remembers the last line that is not blank of a stream of any length, in bounded memory: a longer line keeps
 * its first 500 bytes. Of a flood only the ends of the chunks are looked at.
 */
export class LastLine {
  readonly #line = new Uint8Array(LINE_BYTES);
  #length = 0;
  #last = "";

  /** Takes the next bytes; lines may be cut anywhere. */
  push(bytes: Uint8Array): void {
    const first = bytes.indexOf(NEWLINE);
    if (first < 0) return this.#append(bytes);
    const end = bytes.lastIndexOf(NEWLINE);
    const last = lastWhole(bytes.subarray(first + 1, end + 1));
    if (last === "") {
      this.#append(bytes.subarray(0, first));
      this.#last = textOf(this.#line.subarray(0, this.#length)) || this.#last;
    } else this.#last = last;
    this.#length = 0;
    this.#append(bytes.subarray(end + 1));
  }

  /** The last line so far, finished or not; control characters are blanks. */
  get text(): string {
    return textOf(this.#line.subarray(0, this.#length)) || this.#last;
  }

  #append(bytes: Uint8Array): void {
    const part = bytes.subarray(0, this.#line.length - this.#length);
    this.#line.set(part, this.#length);
    this.#length += part.length;
  }
}

/** The last line that is not blank, among lines that all end in a newline; empty if there is none. */
function lastWhole(bytes: Uint8Array): string {
  for (let end = bytes.length - 1; end >= 0;) {
    const start = end === 0 ? 0 : bytes.lastIndexOf(NEWLINE, end - 1) + 1;
    const line = bytes.subarray(start, Math.min(end, start + LINE_BYTES));
    const text = line.every((byte) => byte <= BLANK) ? "" : textOf(line);
    if (text !== "") return text;
    end = start - 1;
  }
  return "";
}

function textOf(line: Uint8Array): string {
  return new TextDecoder().decode(line).replace(/\p{Cc}+/gu, " ").trim();
}
