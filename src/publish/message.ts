import type { PublisherParts } from "./open_publisher.ts";
import type { MessageOptions } from "./options.ts";
import type { Publisher } from "./publisher.ts";

/** Not built yet. */
export function openMessage(options: MessageOptions, _parts: PublisherParts): Publisher {
  throw new TypeError(`Cannot publish to ${options.provider}: not built yet`);
}
