import { canonicalName } from "../core/domain_name.ts";
import { concatBytes } from "./byte_text.ts";
import { escapedByte, unescapeBytes } from "./character_string.ts";

/** RFC 1035, section 2.3.4. */
const MOST_LABEL_BYTES = 63;
/** With its lengths and the root (RFC 1035, section 2.3.4). */
const MOST_NAME_BYTES = 255;

/** A name read from a message, and where the bytes after it start. */
export interface NameRead {
  /** As {@linkcode nameText} has it. */
  readonly name: string;
  /** Offset. */
  readonly end: number;
}

/**
 * A name on the wire, uncompressed (RFC 1035, section 3.1); empty or `.` is the root, a final dot is allowed, `\DDD` and
 * `\X` stand for bytes.
 *
 * @throws {RangeError} If it is none: an empty label, more than 63 bytes in one or 255 in all, a broken escape.
 */
export function encodeName(name: string): Uint8Array<ArrayBuffer> {
  const labels = labelsOf(name);
  if (labels === undefined) throw new RangeError(`Cannot encode "${name.slice(0, 300)}": not a domain name`);
  return concatBytes([...labels.flatMap((label) => [Uint8Array.of(label.length), label]), Uint8Array.of(0)]);
}

/**
 * Reads a name, compressed (RFC 1035, section 4.1.4) or not. Every pointer has to lead further back than the one before
 * it, so that no message makes this run in circles. Total.
 *
 * @returns `undefined` if it is malformed.
 */
export function readName(bytes: Uint8Array, offset: number): NameRead | undefined {
  const labels: Uint8Array[] = [];
  let end: number | undefined;
  let total = 1;
  let limit = offset;
  for (let at = offset;;) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length >= 0xc0) {
      const low = bytes[at + 1];
      if (low === undefined) return undefined;
      end ??= at + 2;
      at = (length & 0x3f) << 8 | low;
      if (at >= limit) return undefined;
      limit = at;
    } else if (length === 0) {
      return { name: nameText(labels), end: end ?? at + 1 };
    } else {
      total += length + 1;
      const label = bytes.subarray(at + 1, at + 1 + length);
      if (length > MOST_LABEL_BYTES || label.length < length || total > MOST_NAME_BYTES) return undefined;
      labels.push(label);
      at += 1 + length;
    }
  }
}

/**
 * Labels as a text: lower case, no final dot, the root as an empty text. Bytes that a host name does not have are
 * escaped, so that names that differ never look alike.
 */
export function nameText(labels: readonly Uint8Array[]): string {
  return labels.map((label) => Array.from(label, byteText).join("")).join(".");
}

/**
 * A name in presentation form as a canonical one; `.` for the root. Other alphabets become A-labels. Total.
 *
 * @returns `undefined` if it is no name.
 */
export function parseName(text: string): string | undefined {
  if (text === ".") return text;
  try {
    // deno-lint-ignore no-control-regex
    if (!/^[\x00-\x7f]*$/.test(text)) return canonicalName(text);
  } catch {
    // No domain name; the only thing it throws for.
    return undefined;
  }
  const labels = labelsOf(text);
  return labels === undefined || labels.length === 0 ? undefined : nameText(labels);
}

/** `undefined` if it is no name; the root has none. */
function labelsOf(name: string): readonly Uint8Array<ArrayBuffer>[] | undefined {
  if (name === "" || name === ".") return [];
  if (name.length > 4 * MOST_NAME_BYTES + 1) return undefined;
  const texts = name.match(/(?:[^.\\]|\\.)+|\./gs) ?? [];
  const labels: Uint8Array<ArrayBuffer>[] = [];
  for (const [i, text] of texts.entries()) {
    // Labels and dots take turns; a final dot may follow.
    if ((text === ".") !== (i % 2 === 1)) return undefined;
    if (text === ".") continue;
    const label = unescapeBytes(text);
    if (label === undefined || label.length > MOST_LABEL_BYTES) return undefined;
    labels.push(label);
  }
  const total = labels.reduce((sum, { length }) => sum + length + 1, 1);
  return texts.join("") === name && total <= MOST_NAME_BYTES ? labels : undefined;
}

function byteText(byte: number): string {
  const character = String.fromCharCode(byte);
  if (/[a-z0-9_*-]/i.test(character)) return character.toLowerCase();
  return byte > 0x20 && byte < 0x7f ? `\\${character}` : escapedByte(byte);
}
