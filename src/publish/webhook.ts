import type { Clock } from "../core/clock.ts";
import { bearer, type Fetch, type HttpAnswer, requestHttp } from "./http_request.ts";
import type { WebhookOptions } from "./options.ts";
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
      const headers = { "content-type": "application/json", ...(token && bearer(PROVIDER, token)) };
      for (const body of webhookBodies(news, options)) {
        const answer = await requestHttp({
          ...{ fetch, clock, provider: PROVIDER, method: "POST", url, headers, body, signal },
          followsRedirects: true,
        });
        if (style !== "json") checkNat1Answer(answer);
      }
    },
  };
}

function checkNat1Answer({ status, text }: HttpAnswer): void {
  if (status !== 200) throw new PublishError(PROVIDER, `status ${status} instead of 200`);
  if (text === undefined) throw new PublishError(PROVIDER, "the answer is too long");
  try {
    JSON.parse(text);
  } catch {
    // The parser's words would quote the answer, which may repeat what was sent.
    throw new PublishError(PROVIDER, "the answer is no JSON");
  }
}
