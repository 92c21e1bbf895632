import type { PublisherParts } from "../open_publisher.ts";
import type { TransmissionOptions } from "../options.ts";
import type { Publisher } from "../publisher.ts";

/** Not built yet. */
export function openTransmission(options: TransmissionOptions, _parts: PublisherParts): Publisher {
  throw new TypeError(`Cannot publish to ${options.provider}: not built yet`);
}
