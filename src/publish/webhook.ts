import type { Clock } from "../core/clock.ts";
import type { MappingNews } from "../core/mapping.ts";
import { Secret } from "../core/secret.ts";
import { bearer, type Fetch, type HttpAnswer, requestHttp } from "./http_request.ts";
import type { WebhookOptions } from "./options.ts";
import { type Publisher, PublishError } from "./publisher.ts";
import { escapeUrl, fillTemplate, templateValues } from "./template.ts";
import { CONTENT_TYPES, webhookBodies } from "./webhook_body.ts";

/** What a {@linkcode openWebhook} works with. */
export interface WebhookParts {
  readonly fetch: Fetch;
  readonly clock: Clock;
}

/** What tells a service with presets (message.ts) from a webhook of the user's. */
export interface HookManner {
  /** For events and messages. */
  readonly provider: string;
  /** Statuses that `check` wants to see. @default 200 to 299 */
  readonly accepts?: ((status: number) => boolean) | undefined;
  /**
   * Looks at an answer.
   *
   * @throws {PublishError} If it is a refusal.
   */
  readonly check: (answer: HttpAnswer) => void;
}

/**
 * A publisher that sends requests to a URL of the user's; see {@linkcode WebhookOptions}. Styles `json` and `template`
 * are content with any 2xx; the nat1 styles want status 200 and JSON back, as nat1_traversal does. With `expect` the
 * answer has to hold that text, whatever the style. Of an answer nothing is ever quoted: it may repeat a token.
 */
export function openWebhook(options: WebhookOptions, parts: WebhookParts): Publisher {
  const { provider, style, expect } = options;
  const check = (answer: HttpAnswer): void => {
    if (style === "nat1" || style === "nat1-records") checkNat1Answer(answer);
    if (expect !== undefined) checkText(answer, expect);
  };
  return openHook(options, { ...parts, provider, check });
}

/** The same with another provider's manner. */
export function openHook(options: WebhookOptions, parts: WebhookParts & HookManner): Publisher {
  const { fetch, clock, provider, accepts, check } = parts;
  return {
    provider,
    async publish(news, signal): Promise<void> {
      const url = urlFor(news, options);
      const method = options.style === "template" ? options.method : "POST";
      for (const body of webhookBodies(news, options)) {
        const headers = headersFor(news, { options, provider, hasBody: body !== undefined });
        check(
          await requestHttp({
            ...{ fetch, clock, provider, method: method ?? "POST", url, headers, body, accepts, signal },
            followsRedirects: true,
          }),
        );
      }
    },
  };
}

function urlFor(news: MappingNews, { style, url }: WebhookOptions): Secret {
  return style === "template" ? new Secret(fillTemplate(url.reveal(), templateValues(news), escapeUrl)) : url;
}

/** The user's headers come before ours. */
function headersFor(
  news: MappingNews,
  { options, provider, hasBody }: {
    readonly options: WebhookOptions;
    readonly provider: string;
    readonly hasBody: boolean;
  },
): Readonly<Record<string, string>> {
  const { style, token, bodyType = "json" } = options;
  const type = style === "template" ? CONTENT_TYPES[bodyType] : CONTENT_TYPES.json;
  const headers: Record<string, string> = {
    ...(hasBody && { "content-type": type }),
    ...(token && bearer(provider, token)),
  };
  for (const [name, secret] of Object.entries(options.headers ?? {})) {
    const text = secret.reveal();
    const value = style === "template" ? fillTemplate(text, templateValues(news)) : text;
    // What `fetch` throws would quote it.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      const reason = `the header ${name} has characters that HTTP cannot carry`;
      throw new PublishError(provider, reason, { isPermanent: true });
    }
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function checkNat1Answer({ status, text }: HttpAnswer): void {
  if (status !== 200) throw new PublishError("webhook", `status ${status} instead of 200`);
  if (text === undefined) throw new PublishError("webhook", "the answer is too long");
  try {
    JSON.parse(text);
  } catch {
    // The parser's words would quote the answer, which may repeat what was sent.
    throw new PublishError("webhook", "the answer is no JSON");
  }
}

function checkText({ text }: HttpAnswer, expected: string): void {
  if (text === undefined) throw new PublishError("webhook", "the answer is too long");
  if (!text.includes(expected)) {
    throw new PublishError("webhook", "the answer does not hold the text that is expected");
  }
}
