import type { PublisherParts } from "../open_publisher.ts";
import type { Rfc2136Options } from "../options.ts";
import type { RecordStore } from "../record_store.ts";

/** Not built yet. */
export function openRfc2136(options: Rfc2136Options, _parts: PublisherParts): RecordStore {
  throw new TypeError(`Cannot publish to ${options.provider}: not built yet`);
}
