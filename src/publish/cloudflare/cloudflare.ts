import type { PublisherParts } from "../open_publisher.ts";
import type { CloudflareOptions } from "../options.ts";
import type { Publisher } from "../publisher.ts";

/** Not built yet. */
export function openCloudflare(options: CloudflareOptions, _parts: PublisherParts): Publisher {
  throw new TypeError(`Cannot publish to ${options.provider}: not built yet`);
}
