import { createHash } from "node:crypto";
import type { Platform } from "../core/platform.ts";
import { Secret } from "../core/secret.ts";
import type { Fetch } from "./http_request.ts";
import type { PublisherOptions, RecordPublisherOptions } from "./options.ts";
import type { Publisher } from "./publisher.ts";
import { publisherPlace } from "./publisher_place.ts";
import { recordPlace } from "./record_place.ts";
import type { RecordStore } from "./record_store.ts";
import type { Turns } from "./turns.ts";

/** What publishers work with. */
export interface PublisherParts extends Platform {
  readonly fetch: Fetch;
  /** Publishers of one process that share it take turns at records they write together. @default none */
  readonly turns?: Turns | undefined;
}

/**
 * The publisher that these options ask for; nothing is opened before it publishes, and the code of a provider is loaded
 * only when it is wanted.
 */
export function openPublisher(options: PublisherOptions, parts: PublisherParts): Publisher {
  const { provider } = options;
  const opening = lazily(() => loadPublisher(options, parts));
  const place = publisherPlace(options);
  return { provider, place, publish: async (news, signal) => await (await opening()).publish(news, signal) };
}

async function loadPublisher(options: PublisherOptions, parts: PublisherParts): Promise<Publisher> {
  switch (options.provider) {
    case "webhook":
      return (await import("./webhook.ts")).openWebhook(options, parts);
    case "cloudflare":
      return (await import("./cloudflare/cloudflare.ts")).openCloudflare(options, parts);
    case "edgeone":
    case "edgeone_intl":
      return (await import("./tencent/edgeone.ts")).openEdgeone(options, parts);
    case "aliesa":
      return (await import("./aliyun/aliesa.ts")).openAliesa(options, parts);
    case "dyndns2":
      return (await import("./dyndns2.ts")).openDyndns2(options, parts);
    case "qbittorrent":
      return (await import("./torrent/qbittorrent.ts")).openQbittorrent(options, parts);
    case "transmission":
      return (await import("./torrent/transmission.ts")).openTransmission(options, parts);
    case "ntfy":
    case "gotify":
    case "telegram":
    case "bark":
    case "serverchan":
    case "pushplus":
      return (await import("./message.ts")).openMessage(options, parts);
    default: {
      const { openRecordPublisher } = await import("./publish_records.ts");
      const place = recordPlace(options);
      return openRecordPublisher(await loadStore(options, parts), options, { ...parts, place });
    }
  }
}

/** The store of a provider that does nothing but keep records; cloudflare opens its own. */
async function loadStore(
  options: Exclude<RecordPublisherOptions, { provider: "cloudflare" }>,
  parts: PublisherParts,
): Promise<RecordStore> {
  switch (options.provider) {
    case "dynv6":
      return (await import("./dynv6.ts")).openDynv6(options, parts);
    case "tencentcloud":
      return (await import("./tencent/dnspod.ts")).openDnspod(options, parts);
    case "alidns":
      return (await import("./aliyun/alidns.ts")).openAlidns(options, parts);
    case "rfc2136":
      return (await import("./rfc2136/rfc2136.ts")).openRfc2136(options, parts);
    case "powerdns":
      return (await import("./powerdns.ts")).openPowerdns(options, parts);
    case "file":
      return (await import("./record_file.ts")).openRecordFile(options, parts);
  }
}

/**
 * A name for the place that these options tell, for what is remembered over a restart: another place, or other records
 * there, have another name; a new token or password does not matter. Shows no secret.
 */
export function publisherKey(options: PublisherOptions): string {
  const isPlace = (key: string): boolean =>
    PLACES.has(key) || (key === "token" && DEVICE_TOKENS.has(options.provider));
  return `${options.provider}-${digestOf(options, isPlace)}`;
}

/** Tells options apart that differ in their secrets only. Shows no secret. */
export function secretsKey(options: PublisherOptions): string {
  return digestOf(options, () => true);
}

/** Secrets that say where something is told, or what. */
const PLACES: ReadonlySet<string> = new Set(["url", "body"]);

/** Services whose token is whom they tell. */
const DEVICE_TOKENS: ReadonlySet<string> = new Set(["bark", "serverchan", "pushplus"]);

function digestOf(options: PublisherOptions, counts: (key: string) => boolean): string {
  const text = JSON.stringify(plainOf(options, "", counts));
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** The options with the secrets that count as plain texts, and without the others. */
function plainOf(value: unknown, key: string, counts: (key: string) => boolean): unknown {
  if (value instanceof Secret) return counts(key) ? value.reveal() : undefined;
  if (Array.isArray(value)) return value.map((item) => plainOf(item, key, counts));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, plainOf(inner, name, counts)]),
  );
}

function lazily<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => loading ??= load();
}
