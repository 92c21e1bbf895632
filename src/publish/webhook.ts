import type { Clock } from "../core/clock.ts";
import type { WebhookOptions } from "./options.ts";
import { type Fetch, type PostAnswer, postJson } from "./post_json.ts";
import { type Publisher, PublishError } from "./publisher.ts";
import { webhookBodies } from "./webhook_body.ts";

/** What a {@linkcode openWebhook} works with. */
export interface WebhookParts {
  readonly fetch: Fetch;
  readonly clock: Clock;
}

const PROVIDER = "webhook";

/**
 * A publisher that posts JSON to a URL of the user's; see {@linkcode WebhookOptions}. Style `json` is content with
 * any 2xx; the nat1 styles want status 200 and JSON back, as nat1_traversal does.
 */
export function openWebhook(options: WebhookOptions, { fetch, clock }: WebhookParts): Publisher {
  const { url, token, style } = options;
  return {
    provider: PROVIDER,
    async publish(news, signal): Promise<void> {
      for (const body of webhookBodies(news, options)) {
        const answer = await postJson({ fetch, clock, provider: PROVIDER, url, token, body, signal });
        if (style !== "json") checkNat1Answer(answer);
      }
    },
  };
}

function checkNat1Answer({ status, text }: PostAnswer): void {
  if (status !== 200) throw new PublishError(PROVIDER, `status ${status} instead of 200`);
  if (text === undefined) throw new PublishError(PROVIDER, "the answer is too long");
  try {
    JSON.parse(text);
  } catch {
    // The parser's words would quote the answer, which may repeat what was sent.
    throw new PublishError(PROVIDER, "the answer is no JSON");
  }
}
