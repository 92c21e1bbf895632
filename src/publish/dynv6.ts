import type { PublisherParts } from "./open_publisher.ts";
import type { Dynv6Options } from "./options.ts";
import type { RecordStore } from "./record_store.ts";

/** Not built yet. */
export function openDynv6(options: Dynv6Options, _parts: PublisherParts): RecordStore {
  throw new TypeError(`Cannot publish to ${options.provider}: not built yet`);
}
