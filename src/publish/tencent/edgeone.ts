import type { PublisherParts } from "../open_publisher.ts";
import type { OriginOptions } from "../options.ts";
import type { Publisher } from "../publisher.ts";

/** Not built yet. */
export function openEdgeone(options: OriginOptions, _parts: PublisherParts): Publisher {
  throw new TypeError(`Cannot publish to ${options.provider}: not built yet`);
}
