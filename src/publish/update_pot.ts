import { backoffMs } from "../core/backoff.ts";
import { type Clock, delay } from "../core/clock.ts";
import { decodePot, encodePot, mergePot, type PotEntry } from "../core/pot.ts";
import type { Random } from "../core/random.ts";
import { splitText } from "../dns/character_string.ts";
import { PublishError } from "./publisher.ts";
import type { RecordSet } from "./record_set.ts";
import type { PotUpdate } from "./record_sets.ts";
import { RecordConflictError, type RecordStore } from "./record_store.ts";
import type { Turns } from "./turns.ts";

/** Options for {@linkcode updatePot}. */
export interface UpdatePotOptions {
  /** For pauses. */
  readonly clock: Clock;
  /** Spreads pauses, so that those who collided do not again. */
  readonly random: Random;
  /** Others of this process that write into the same records. */
  readonly turns: Turns;
  /** Where the records are. @default the name of the provider */
  readonly place?: string | undefined;
  /** Ends requests, turns and pauses. */
  readonly signal: AbortSignal;
}

/** Each one means that somebody else wrote right then. */
const MOST_TRIES = 6;
/** Pauses after somebody else was faster. */
const RETRY = { firstMs: 500, maxMs: 8000 } as const;
/** Longer than a provider takes, as a rule, from the comparing read to the write of somebody else. */
const VERIFY = { firstMs: 3000, maxMs: 3000 } as const;

/**
 * Merges entries into a "port over TXT" record and makes sure that they are there: services of others keep their places,
 * and of those who write at the same time nobody loses anything, whether or not the store can write conditionally. So
 * after each write it reads again, a little later, and starts anew where an entry is missing.
 *
 * Nothing is written where the entries are there already. Of several TTLs the smallest wins, so that nobody fights.
 *
 * @throws {PublishError} Permanent, and without having written, if a TXT record is there that is none of this kind.
 * @throws {PublishError} If others changed it each time.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function updatePot(
  store: RecordStore,
  update: PotUpdate,
  options: UpdatePotOptions,
): Promise<void> {
  const { clock, random, turns, place = store.provider, signal } = options;
  let isWritten = false;
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const merge = (): Promise<MergeResult> => mergeOnce(store, update, { isWritten, signal });
    const result = await turns.take(`${place} TXT ${update.name}`, merge, signal);
    if (result === "present") return;
    isWritten = result === "written";
    await delay(clock, isWritten ? backoffMs(1, random, VERIFY) : backoffMs(tries, random, RETRY), signal);
  }
  if (hasEntries(store.provider, await store.read(update.name, "TXT", signal), update)) return;
  throw new PublishError(store.provider, `others changed it ${MOST_TRIES} times meanwhile`);
}

/** `conflict`: somebody else was faster. */
type MergeResult = "present" | "written" | "conflict";

async function mergeOnce(
  store: RecordStore,
  update: PotUpdate,
  { isWritten, signal }: { readonly isWritten: boolean; readonly signal: AbortSignal },
): Promise<MergeResult> {
  const expected = await store.read(update.name, "TXT", signal);
  const wanted = mergedSet(store.provider, expected, update);
  // Not every provider keeps every TTL, so that after a write the entries alone count.
  if (wanted === undefined || (isWritten && hasEntries(store.provider, expected, update))) return "present";
  try {
    await store.replace(wanted, { expected, signal });
    return "written";
  } catch (error) {
    if (error instanceof RecordConflictError) return "conflict";
    throw error;
  }
}

/** What has to be written; `undefined` if nothing. */
function mergedSet(provider: string, found: RecordSet, update: PotUpdate): RecordSet | undefined {
  const isNew = found.data.length === 0;
  const ttlSeconds = isNew ? update.ttlSeconds : Math.min(found.ttlSeconds, update.ttlSeconds);
  if (hasEntries(provider, found, update) && found.ttlSeconds === ttlSeconds) return undefined;
  const merged = update.entries.reduce<readonly PotEntry[]>(mergePot, entriesOf(provider, found));
  const { name, type } = found;
  return { name, type, ttlSeconds, data: [{ type: "TXT", strings: splitText(encodePot(merged)) }] };
}

/** Whether merging would change nothing. */
function hasEntries(provider: string, found: RecordSet, { entries }: PotUpdate): boolean {
  const present = entriesOf(provider, found);
  return found.data.length === 1 && entries.every(({ key, port }) => {
    const same = present.filter((entry) => entry.key === key);
    return same.length === 1 && same[0]?.port === port;
  });
}

/** Of several records: two programs that created the record at the same moment made one each, and both count. */
function entriesOf(provider: string, { name, data }: RecordSet): readonly PotEntry[] {
  const decoded = data.map((one) => one.type === "TXT" ? decodePot(one.strings.join("")) : undefined);
  if (decoded.every((entries) => entries !== undefined)) {
    // The first of a key counts, as it does for readers.
    return decoded.flat().filter(({ key }, i, all) => all.findIndex((entry) => entry.key === key) === i);
  }
  const what = data.length === 1
    ? "a TXT record of another kind"
    : `${data.length} TXT records of other kinds`;
  throw new PublishError(provider, `${name} has ${what}; nothing was changed, use a name of its own`, {
    isPermanent: true,
  });
}
