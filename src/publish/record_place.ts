import { formatEndpoint } from "../core/endpoint.ts";
import type { RecordPublisherOptions } from "./options.ts";

/**
 * Where records are kept: two publishers with the same place write into the same records. Another TSIG key may be
 * another view of the zone. Pure; shows no secret.
 */
export function recordPlace(options: RecordPublisherOptions): string {
  switch (options.provider) {
    case "rfc2136":
      return JSON.stringify([options.provider, formatEndpoint(options.server), options.tsig?.name]);
    case "powerdns":
      return JSON.stringify([options.provider, options.url, options.server]);
    case "file":
      return JSON.stringify([options.provider, options.path]);
    default:
      return JSON.stringify([options.provider, options.api]);
  }
}
