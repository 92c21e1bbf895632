import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import type { RecordsOptions } from "./options.ts";
import type { Publisher } from "./publisher.ts";
import type { RecordStore } from "./record_store.ts";

/** What a {@linkcode openRecordPublisher} works with. */
export interface RecordPublisherParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** A publisher that keeps records at a store; see {@linkcode RecordsOptions}. */
export function openRecordPublisher(
  _store: RecordStore,
  _options: RecordsOptions,
  _parts: RecordPublisherParts,
): Publisher {
  throw new TypeError("Cannot publish records: not built yet");
}
