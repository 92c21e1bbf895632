import { createHash } from "node:crypto";
import type { PublisherOptions } from "./options.ts";
import type { Publisher } from "./publisher.ts";
import { openWebhook, type WebhookParts } from "./webhook.ts";

/** What publishers work with. */
export type PublisherParts = WebhookParts;

/** The publisher that these options ask for; nothing is opened before it publishes. */
export function openPublisher(options: PublisherOptions, parts: PublisherParts): Publisher {
  switch (options.provider) {
    case "webhook":
      return openWebhook(options, parts);
  }
}

/**
 * A name for the place that these options tell, for what is remembered over a restart: another place, or another
 * record there, has another name; a new token does not matter. Shows no secret.
 */
export function publisherKey(options: PublisherOptions): string {
  const { provider, url, style, domain, subDomain, srvPrefix } = options;
  const place = JSON.stringify([url.reveal(), style, domain, subDomain, srvPrefix]);
  return `${provider}-${createHash("sha256").update(place).digest("hex").slice(0, 16)}`;
}
