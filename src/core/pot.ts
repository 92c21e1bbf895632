/** A service in a "port over TXT" record: which it is, and where. */
export interface PotEntry {
  /** Name and protocol, as in `ssh_tcp`. */
  readonly key: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** What can be in a key: no colon and no white space, because those divide entries; `_tcp` or `_udp` at the end. */
const KEY = /^[^\s:]{1,64}_(?:tcp|udp)$/u;
/** `key:port`. */
const LINE = /^([^\s:]+):(\d{1,5})$/u;
/** The content of a TXT record set is at most 65,535 bytes in all; nobody has so many services. */
const MOST_CHARACTERS = 16_384;

/** Whether a text can be the key of an entry: `ssh_tcp`, `wg_udp`. */
export function isPotKey(text: string): boolean {
  return KEY.test(text);
}

/** Writes the content of a POT record: base64 of lines `name_proto:port`, joined by LF, without a final LF. Pure. */
export function encodePot(entries: readonly PotEntry[]): string {
  const lines = entries.map(({ key, port }) => `${key}:${port}`).join("\n");
  return new TextEncoder().encode(lines).toBase64();
}

/**
 * Reads the content of a POT record; quotes and white space in it are ignored, as are empty lines and a CR at the end
 * of one. Total: any text gives entries or `undefined`.
 *
 * @returns `undefined` if it is none: no base64, no UTF-8, or a line that is no `name_proto:port`. An empty text has
 *   no entries.
 */
export function decodePot(content: string): readonly PotEntry[] | undefined {
  if (content.length > MOST_CHARACTERS) return undefined;
  const text = decodeText(content.replace(/["\s]/g, ""));
  if (text === undefined) return undefined;
  const entries: PotEntry[] = [];
  for (const line of text.split("\n").map((raw) => raw.trim()).filter((raw) => raw !== "")) {
    const entry = entryOf(line);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return entries;
}

/**
 * Reads what readers of a POT record look for, as the peers' shell does, which greps for `^key:`: lines that are no
 * entries, of other programs or later times, are passed over. Who writes needs {@linkcode decodePot}. Total.
 *
 * @returns None if it is no POT content. Keys are in lower case.
 */
export function findPotEntries(content: string): readonly PotEntry[] {
  if (content.length > MOST_CHARACTERS) return [];
  const text = decodeText(content.replace(/["\s]/g, "")) ?? "";
  return text.split("\n").flatMap((line) => entryOf(line.trim().toLowerCase()) ?? []);
}

/** The entries with one of them set: its place is kept, and a new one is appended. Pure. */
export function mergePot(entries: readonly PotEntry[], { key, port }: PotEntry): readonly PotEntry[] {
  const isKnown = entries.some((entry) => entry.key === key);
  if (!isKnown) return [...entries, { key, port }];
  // Written twice, the first counts for readers, and it would go stale beside the other.
  const first = entries.findIndex((entry) => entry.key === key);
  return entries.flatMap((entry, i) => entry.key !== key ? [entry] : i === first ? [{ key, port }] : []);
}

function entryOf(line: string): PotEntry | undefined {
  const [, key = "", digits = ""] = LINE.exec(line) ?? [];
  const port = Number(digits);
  return isPotKey(key) && port >= 1 && port <= 65_535 ? { key, port } : undefined;
}

function decodeText(base64: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(base64));
  } catch {
    // Neither base64 nor UTF-8: some other TXT record.
    return undefined;
  }
}
