import { canonicalName } from "../../core/domain_name.ts";
import { brokenFile } from "./record_format.ts";

/** One record of a zone file, whatever its type. */
export interface ZoneRecord {
  /** Of its first line, from 0. */
  readonly firstLine: number;
  /** Behind its last line. */
  readonly endLine: number;
  /** Canonical; `undefined` if the file does not say it whole. */
  readonly name: string | undefined;
  /** Its line begins with white space: the name is that of the record before. */
  readonly inheritsName: boolean;
  readonly ttlSeconds: number | undefined;
  /** In upper case. */
  readonly type: string;
  /** Presentation form, on one line. */
  readonly data: string;
  /** Behind the record on its last line, white space in front included. */
  readonly comment: string;
}

interface Entry {
  readonly firstLine: number;
  readonly endLine: number;
  /** Without comments and parentheses, on one line. */
  readonly text: string;
  readonly comment: string;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * Finds the records of a zone file (RFC 1035, section 5.1): `$ORIGIN`, `$TTL` and names, TTLs taken over from the record
 * before are followed, `$INCLUDE` and others are passed over.
 *
 * @param lines With their ends.
 * @throws {PublishError} Permanent, if a quote or a parenthesis is never closed.
 */
export function zoneRecords(lines: readonly string[]): readonly ZoneRecord[] {
  const records: ZoneRecord[] = [];
  let origin: string | undefined;
  let defaultTtl: number | undefined;
  let last: Pick<ZoneRecord, "name" | "ttlSeconds"> = { name: undefined, ttlSeconds: undefined };
  for (const entry of entriesOf(lines)) {
    const [first = "", second = ""] = entry.text.split(/\s+/);
    if (first.startsWith("$")) {
      if (/^\$origin$/i.test(first)) origin = wholeName(second, origin);
      if (/^\$ttl$/i.test(first)) defaultTtl = secondsOf(second);
      continue;
    }
    const inheritsName = /^\s/.test(entry.text);
    const name = inheritsName ? last.name : wholeName(first, origin);
    const fields = fieldsOf(inheritsName ? entry.text.trim() : entry.text.slice(first.length).trim());
    const ttlSeconds = fields?.ttlSeconds ?? defaultTtl ?? last.ttlSeconds;
    last = { name, ttlSeconds };
    // Another class is another name space.
    if (fields?.isInternet) records.push({ ...entry, ...fields, name, inheritsName, ttlSeconds });
  }
  return records;
}

/** TTL and class, in either order or left out, then type and data. */
function fieldsOf(
  text: string,
):
  | {
    readonly ttlSeconds?: number;
    readonly isInternet: boolean;
    readonly type: string;
    readonly data: string;
  }
  | undefined {
  const match = /^(?:(\d\w*)\s+)?(?:(IN|CH|HS)\s+)?(?:(\d\w*)\s+)?([a-z]\w*)(?:\s+(.*))?$/is.exec(text);
  if (match === null) return undefined;
  const [, before, kind = "IN", after, type = "", data = ""] = match;
  const ttlSeconds = secondsOf(before ?? after ?? "");
  return {
    ...(ttlSeconds !== undefined && { ttlSeconds }),
    ...{ isInternet: kind.toUpperCase() === "IN", type: type.toUpperCase(), data },
  };
}

/** `3600`, or BIND's `1h30m`. */
function secondsOf(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  if (!/^(\d+[smhdw])+$/i.test(text)) return undefined;
  return [...text.matchAll(/(\d+)([smhdw])/gi)].reduce(
    (sum, [, count, unit = ""]) => sum + Number(count) * (UNIT_SECONDS[unit.toLowerCase()] ?? 0),
    0,
  );
}

/** The canonical name; `undefined` if the file does not say it whole, or it is none that porthole could write. */
function wholeName(text: string, origin: string | undefined): string | undefined {
  if (text === "@") return origin;
  const isWhole = text.endsWith(".");
  if (!isWhole && origin === undefined) return undefined;
  try {
    return canonicalName(isWhole ? text : `${text}.${origin}`);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Lines that belong together, by parentheses. */
function entriesOf(lines: readonly string[]): readonly Entry[] {
  const entries: Entry[] = [];
  let firstLine = 0;
  let depth = 0;
  let text = "";
  lines.forEach((line, i) => {
    if (depth === 0) {
      firstLine = i;
      text = "";
    }
    const read = readLine(line.replace(/\r?\n$/, ""), { depth, number: i + 1 });
    depth = read.depth;
    text += (text === "" ? "" : " ") + read.text;
    if (depth === 0 && text.trim() !== "") {
      entries.push({ firstLine, endLine: i + 1, text: text.trimEnd(), comment: read.comment });
    }
  });
  if (depth > 0) throw brokenFile(`the parenthesis of line ${firstLine + 1} is never closed`);
  return entries;
}

/** One line, its comment apart; parentheses outside of quotes are counted and become spaces. */
function readLine(
  line: string,
  { depth: before, number }: { readonly depth: number; readonly number: number },
): { readonly text: string; readonly comment: string; readonly depth: number } {
  let depth = before;
  let isQuoted = false;
  let text = "";
  for (let i = 0; i < line.length; i++) {
    const character = line.charAt(i);
    if (character === "\\") {
      text += line.slice(i, i + 2);
      i++;
    } else if (character === '"') {
      isQuoted = !isQuoted;
      text += character;
    } else if (isQuoted) {
      text += character;
    } else if (character === ";") {
      const start = text.trimEnd().length;
      return { text, comment: line.slice(i - (text.length - start)), depth };
    } else if (character === "(" || character === ")") {
      depth += character === "(" ? 1 : -1;
      if (depth < 0) throw brokenFile(`line ${number} closes a parenthesis that was never opened`);
      text += " ";
    } else {
      text += character;
    }
  }
  if (isQuoted) throw brokenFile(`the quote of line ${number} is never closed`);
  return { text, comment: "", depth };
}
