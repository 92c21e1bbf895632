import { PortholeError } from "../core/errors.ts";

/** An answer of an HTTP server. */
export interface HttpAnswer {
  /** 200 to 599. */
  readonly status: number;
  /** As UTF-8. */
  readonly text: string;
}

/** Bytes that are no HTTP answer, or too many of them. */
export class HttpAnswerError extends PortholeError {
  /** Name of the class. */
  override readonly name = "HttpAnswerError";
  /** For programs. */
  override readonly code = "http_answer";

  /** `reason` does not repeat the bytes. */
  constructor(reason: string) {
    super(`Cannot read HTTP answer: ${reason}`);
  }
}

const MOST_HEAD_BYTES = 16 * 1024;
const MOST_LINE_BYTES = 4096;
/** Descriptions have some ten thousand. */
const MOST_BODY_BYTES = 128 * 1024;
/** Chunks have lines of their own. */
const MOST_BYTES = MOST_HEAD_BYTES + 2 * MOST_BODY_BYTES;

interface Head {
  readonly status: number;
  readonly isChunked: boolean;
  /** Bytes of the body; `undefined`: all until the end. */
  readonly length: number | undefined;
}

/**
 * Gathers one answer (RFC 9112, sections 4, 6 and 7.1) from the pieces of a connection: with a length, in chunks, or
 * until the connection ends. Header names are read in any case; bare line feeds end lines too. What was read once is
 * not read again, however small the pieces are.
 */
export class HttpAnswerReader {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  #length = 0;
  /** Where the line begins that is looked at. */
  #at = 0;
  readonly #lines: string[] = [];
  #head: Head | undefined;
  /** Of a body in chunks: where each one lies. */
  readonly #chunks: (readonly [start: number, end: number])[] = [];
  #chunkedBytes = 0;

  /**
   * Takes a piece.
   *
   * @returns The answer once it is complete.
   * @throws {HttpAnswerError} If it is none, or longer than 16 KiB of headers and 128 KiB of body.
   */
  push(piece: Uint8Array): HttpAnswer | undefined {
    this.#append(piece);
    this.#head ??= this.#readHead();
    return this.#head && this.#readBody(this.#head, { hasEnded: false });
  }

  /**
   * The connection has ended.
   *
   * @throws {HttpAnswerError} If that was too soon.
   */
  end(): HttpAnswer {
    const answer = this.#head && this.#readBody(this.#head, { hasEnded: true });
    if (answer === undefined) throw new HttpAnswerError("it ends too soon");
    return answer;
  }

  #append(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > MOST_BYTES) throw new HttpAnswerError(`longer than ${MOST_BYTES} bytes`);
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }

  /** The next line without its end; `undefined` while it is not complete. */
  #takeLine(mostBytes: number): string | undefined {
    const bytes = this.#bytes.subarray(0, this.#length);
    const end = bytes.indexOf(10, this.#at);
    if ((end < 0 ? this.#length : end) - this.#at > mostBytes) {
      throw new HttpAnswerError("a line without an end");
    }
    if (end < 0) return undefined;
    const line = new TextDecoder("latin1").decode(bytes.subarray(this.#at, end));
    this.#at = end + 1;
    return line.replace(/\r$/, "");
  }

  #readHead(): Head | undefined {
    for (;;) {
      const line = this.#takeLine(MOST_LINE_BYTES);
      if (this.#at > MOST_HEAD_BYTES) throw new HttpAnswerError("its headers do not end");
      if (line === undefined) return undefined;
      if (line !== "") {
        this.#lines.push(line);
        continue;
      }
      const head = readHead(this.#lines);
      // An interim answer may come unasked for (RFC 9110, section 15.2).
      if (head.status >= 200) return head;
      this.#lines.length = 0;
    }
  }

  #readBody(
    { status, isChunked, length }: Head,
    { hasEnded }: { readonly hasEnded: boolean },
  ): HttpAnswer | undefined {
    if (isChunked) return this.#readChunks() ? { status, text: textOf(this.#joinChunks()) } : undefined;
    const body = this.#bytes.subarray(this.#at, this.#length);
    if (body.length > MOST_BODY_BYTES) throw new HttpAnswerError(`longer than ${MOST_BODY_BYTES} bytes`);
    if (length === undefined) return hasEnded ? { status, text: textOf(body) } : undefined;
    return body.length >= length ? { status, text: textOf(body.subarray(0, length)) } : undefined;
  }

  /** @returns Whether the last chunk has come. */
  #readChunks(): boolean {
    for (;;) {
      const lineAt = this.#at;
      const line = this.#takeLine(MOST_LINE_BYTES);
      if (line === undefined) return false;
      const size = parseInt(/^0*([\da-f]{1,6})(?:[\s;]|$)/i.exec(line)?.[1] ?? "", 16);
      if (Number.isNaN(size)) throw new HttpAnswerError("a chunk without a size");
      if (size === 0) return true;
      const start = this.#at;
      // The line end after it is waited for as well.
      if (this.#length < start + size + 2) {
        this.#at = lineAt;
        return false;
      }
      if ((this.#chunkedBytes += size) > MOST_BODY_BYTES) {
        throw new HttpAnswerError(`longer than ${MOST_BODY_BYTES} bytes`);
      }
      this.#chunks.push([start, start + size]);
      this.#at = start + size;
      if (this.#takeLine(1) !== "") throw new HttpAnswerError("a chunk that does not end");
    }
  }

  #joinChunks(): Uint8Array {
    const whole = new Uint8Array(this.#chunkedBytes);
    let at = 0;
    for (const [start, end] of this.#chunks) {
      whole.set(this.#bytes.subarray(start, end), at);
      at += end - start;
    }
    return whole;
  }
}

function readHead([first = "", ...lines]: readonly string[]): Head {
  const status = Number(/^HTTP\/1\.\d (\d{3})(?: |$)/i.exec(first)?.[1]);
  if (!(status >= 100 && status < 600)) throw new HttpAnswerError("it has no status");
  const headerOf = (name: string): string | undefined =>
    lines.find((line) => line.slice(0, Math.max(0, line.indexOf(":"))).trim().toLowerCase() === name)
      ?.replace(/^[^:]*:/, "").trim();
  const length = headerOf("content-length");
  if (length !== undefined && !(/^\d{1,9}$/.test(length) && Number(length) <= MOST_BODY_BYTES)) {
    throw new HttpAnswerError(`a body of ${length.slice(0, 20)} bytes`);
  }
  return {
    status,
    isChunked: /\bchunked$/i.test(headerOf("transfer-encoding") ?? ""),
    length: length === undefined ? undefined : Number(length),
  };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
