import type { PublisherParts } from "./open_publisher.ts";
import type { FileOptions } from "./options.ts";
import type { RecordStore } from "./record_store.ts";

/** Not built yet. */
export function openRecordFile(options: FileOptions, _parts: PublisherParts): RecordStore {
  throw new TypeError(`Cannot publish to ${options.provider}: not built yet`);
}
