import { parsePort } from "../core/endpoint.ts";
import { decodePot, encodePot, isPotKey, mergePot, type PotEntry } from "../core/pot.ts";
import type { ByteSource } from "../find/join_stdio.ts";
import type { Texts } from "../text/texts.ts";
import type { PotArgs } from "./find_args.ts";
import type { HostSession } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/** More is no TXT record set. */
const MOST_BYTES = 65_536;

/**
 * `porthole pot`: encodes entries, decodes a content, or changes entries of one.
 *
 * @param stdin Read where the content is `-`.
 * @returns 0.
 * @throws {UsageError} If a word is none of what it should be.
 */
export async function runPot(
  { action, words }: PotArgs,
  session: HostSession,
  stdin: ByteSource = Deno.stdin,
): Promise<number> {
  const { texts, output, isJson } = session;
  const { usage } = texts.find;
  const [first, ...rest] = words;
  if (first === undefined || (action === "set" && rest.length === 0)) {
    throw new UsageError(usage.missingWords(`pot ${action}`));
  }
  if (action === "encode") {
    printContent(merged([], words, texts), session);
    return 0;
  }
  if (action === "decode" && rest.length > 0) throw new UsageError(usage.tooManyWords("pot decode"));
  const content = first === "-" ? await readAll(stdin) : first;
  const entries = content === undefined ? undefined : decodePot(content);
  if (entries === undefined) throw new UsageError(usage.notPot);
  if (action === "set") printContent(merged(entries, rest, texts), session);
  else if (isJson) output.json({ entries });
  else for (const { key, port } of entries) output.line(`${key}:${port}`);
  return 0;
}

function printContent(entries: readonly PotEntry[], { output, isJson }: HostSession): void {
  const content = encodePot(entries);
  if (isJson) output.json({ content, entries });
  else output.line(content);
}

function merged(
  entries: readonly PotEntry[],
  words: readonly string[],
  texts: Texts,
): readonly PotEntry[] {
  return words.map((word) => readEntry(word, texts)).reduce<readonly PotEntry[]>(mergePot, entries);
}

function readEntry(word: string, texts: Texts): PotEntry {
  const at = word.lastIndexOf(":");
  const key = word.slice(0, Math.max(0, at));
  const port = parsePort(word.slice(at + 1));
  if (!isPotKey(key) || port === undefined || port === 0) {
    throw new UsageError(texts.find.usage.badEntry(word));
  }
  return { key, port };
}

/** `undefined` if there is more than a record can hold. */
async function readAll(stdin: ByteSource): Promise<string | undefined> {
  const bytes = new Uint8Array(MOST_BYTES);
  let length = 0;
  while (length < bytes.length) {
    const count = await stdin.read(bytes.subarray(length));
    if (count === null) return new TextDecoder().decode(bytes.subarray(0, length));
    length += count;
  }
  return undefined;
}
