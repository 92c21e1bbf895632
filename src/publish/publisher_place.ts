import type { PublisherOptions } from "./options.ts";

/** More names say nothing more on one line. */
const MOST_NAMES = 4;

/**
 * What of the world these options change, for people: owner names, a site, a file; `undefined` where only a secret could
 * tell. Two publishers of one provider differ in it. Pure; shows no secret.
 */
export function publisherPlace(options: PublisherOptions): string | undefined {
  switch (options.provider) {
    case "cloudflare": {
      const { records, redirects, origins } = options;
      return listed([...records.map(({ name }) => name), ...redirects.map(({ host }) => host), ...origins]);
    }
    case "dynv6":
    case "tencentcloud":
    case "alidns":
    case "rfc2136":
    case "powerdns":
      return listed(options.records.map(({ name }) => name));
    case "file":
      return options.path;
    case "edgeone":
    case "edgeone_intl":
    case "aliesa":
      return options.host;
    case "dyndns2":
      return listed(options.hosts);
    case "qbittorrent":
    case "transmission":
      return URL.parse(options.url)?.host;
    default:
      return undefined;
  }
}

function listed(names: readonly string[]): string | undefined {
  const unique = [...new Set(names)];
  if (unique.length === 0) return undefined;
  const shown = unique.slice(0, MOST_NAMES).join(", ");
  return unique.length > MOST_NAMES ? `${shown}, …` : shown;
}
