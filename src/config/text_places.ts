import type { Place } from "./config_fault.ts";

const LF = 10;
const CR = 13;

/** Turns offsets of a text into lines and columns; lines end with LF, CRLF or CR. */
export class TextPlaces {
  /** Offsets at which lines start. */
  readonly #starts: readonly number[];

  constructor(text: string) {
    const starts = [0];
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      const isCrLf = code === CR && text.charCodeAt(i + 1) === LF;
      if ((code === LF || code === CR) && !isCrLf) starts.push(i + 1);
    }
    this.#starts = starts;
  }

  /** Where an offset is. */
  placeAt(offset: number): Place {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}
