import type { PublisherParts } from "./open_publisher.ts";
import type { Dyndns2Options } from "./options.ts";
import type { Publisher } from "./publisher.ts";

/** Not built yet. */
export function openDyndns2(options: Dyndns2Options, _parts: PublisherParts): Publisher {
  throw new TypeError(`Cannot publish to ${options.provider}: not built yet`);
}
