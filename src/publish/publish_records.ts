import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { MappingNews } from "../core/mapping.ts";
import type { Random } from "../core/random.ts";
import type { RecordsOptions } from "./options.ts";
import { publishEach, type PublishStep } from "./publish_each.ts";
import { type Publisher, PublishError } from "./publisher.ts";
import { type LeftOutRecord, recordSetsOf } from "./record_sets.ts";
import type { RecordStore } from "./record_store.ts";
import { Turns } from "./turns.ts";
import { updatePot } from "./update_pot.ts";

/** What a {@linkcode openRecordPublisher} works with. */
export interface RecordPublisherParts {
  /** For pauses. */
  readonly clock: Clock;
  /** Spreads pauses. */
  readonly random: Random;
  /** Told what is left out. */
  readonly log: Logger;
  /** Publishers that share it take turns at a record set: two that look first would both add what is missing. @default its own */
  readonly turns?: Turns | undefined;
  /** Where the records are, so that nobody waits for a server of somebody else's. @default the name of the provider */
  readonly place?: string | undefined;
}

/** The records of some news as steps of {@linkcode publishEach}. */
export interface RecordSteps {
  /** In the order they are taken. */
  readonly steps: readonly PublishStep[];
  /** What does not fit the mapping. */
  readonly leftOut: readonly LeftOutRecord[];
}

/**
 * A publisher that keeps records at a store; see {@linkcode recordSetsOf} for what they are and {@linkcode updatePot} for
 * "port over TXT". A record that is refused does not hold up the others; records that do not fit the mapping are told to
 * the log, once each.
 *
 * `publish` throws a permanent {@linkcode PublishError} if none fits.
 */
export function openRecordPublisher(
  store: RecordStore,
  options: RecordsOptions,
  parts: RecordPublisherParts,
): Publisher {
  const { provider } = store;
  const stepsOf = openRecordSteps(store, options, parts);
  return {
    provider,
    async publish(news, signal): Promise<void> {
      const { steps, leftOut } = stepsOf(news);
      if (steps.length === 0) throw nothingFits(provider, leftOut);
      await publishEach(provider, steps, signal);
    },
  };
}

/** The part of {@linkcode openRecordPublisher} for a provider that does more than records. */
export function openRecordSteps(
  store: RecordStore,
  { records }: RecordsOptions,
  { clock, random, log, turns = new Turns(), place = store.provider }: RecordPublisherParts,
): (news: MappingNews) => RecordSteps {
  const said = new Set<string>();
  return (news) => {
    const { sets, pots, leftOut } = recordSetsOf(records, news);
    for (const { type, name, reason } of leftOut) {
      const line = `${type} ${name}`;
      if (said.has(line)) continue;
      said.add(line);
      log.warn("Record left out", { tunnel: news.name, provider: store.provider, record: line, reason });
    }
    const writing = sets.map((set): PublishStep => ({
      what: `${set.type} ${set.name}`,
      run: (signal) =>
        turns.take(`${place} ${set.type} ${set.name}`, () => store.replace(set, { signal }), signal),
    }));
    const merging = pots.map((pot): PublishStep => ({
      what: `TXT ${pot.name}`,
      run: (signal) => updatePot(store, pot, { clock, random, turns, place, signal }),
    }));
    return { steps: [...writing, ...merging], leftOut };
  };
}

/** There is nothing to publish, and the user thinks there is. */
export function nothingFits(provider: string, leftOut: readonly LeftOutRecord[]): PublishError {
  const records = leftOut.map(({ type, name }) => `${type} ${name}`).join(", ");
  const [first] = leftOut;
  const reason = first === undefined ? "there is no record to publish" : `${records}: ${first.reason}`;
  return new PublishError(provider, reason, { isPermanent: true });
}
