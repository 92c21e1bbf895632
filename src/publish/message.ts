import type { Clock } from "../core/clock.ts";
import { Secret } from "../core/secret.ts";
import { answerWords, memberOf, parseAnswer } from "./answer_words.ts";
import { type HttpAnswer, statusError } from "./http_request.ts";
import { MESSAGE_PRESETS, type MessageParts, type MessagePreset } from "./message/message_presets.ts";
import type { MessageOptions, WebhookOptions } from "./options.ts";
import { type Publisher, PublishError } from "./publisher.ts";
import { openHook, type WebhookParts } from "./webhook.ts";

/** Where services put their words, the most telling first. */
const WORDS = ["errorDescription", "description", "message", "msg", "error", "info"] as const;

/**
 * A publisher that sends a message to people: a webhook of style `template` with the request that the service documents.
 * A message counts as taken only if the answer says so: some services refuse with status 200.
 */
export function openMessage(options: MessageOptions, parts: WebhookParts): Publisher {
  const { provider } = options;
  return openHook(webhookOf(options), {
    ...parts,
    provider,
    // The answer to a refusal says more than its status. Redirects are followed, or refused.
    accepts: (status) => status < 300 || status >= 400,
    check: (answer) => checkAnswer(answer, { options, clock: parts.clock }),
  });
}

function webhookOf(options: MessageOptions): WebhookOptions {
  const { provider, token, to = "", title, message } = options;
  const preset = MESSAGE_PRESETS[provider];
  const own = token?.reveal() ?? "";
  // The token and the receiver are not templates; title and message are.
  const template: MessageParts = { token: literal(own), to: literal(to), title: oneLine(title), message };
  const base = options.url.replace(/\/+$/, "");
  return {
    provider: "webhook",
    style: "template",
    url: new Secret(literal(`${base}${preset.path({ ...template, token: own })}`)),
    headers: Object.fromEntries(
      Object.entries(preset.headers(template)).map(([name, value]) => [name, new Secret(value)]),
    ),
    body: new Secret(JSON.stringify(preset.body(template))),
    ...{ domain: "", subDomain: "", srvPrefix: "" },
  };
}

/** As it is, in a template. */
function literal(text: string): string {
  return text.replaceAll("{", "{{");
}

/** Not all services take a title of several lines. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ");
}

function checkAnswer(
  answer: HttpAnswer,
  { options: { provider, token }, clock }: { readonly options: MessageOptions; readonly clock: Clock },
): void {
  const { status, text } = answer;
  const json = parseAnswer(text);
  const detail = WORDS.map((name) => answerWords(memberOf(json, name), [token])).find((words) => words);
  if (status >= 400) {
    throw statusError(provider, { status, headers: withRetryAfter(answer, json) }, {
      detail,
      now: clock.date(),
    });
  }
  const preset = MESSAGE_PRESETS[provider];
  const verdict = memberOf(json, preset.verdict);
  if (verdict === undefined) {
    throw new PublishError(provider, `the answer is none of ${provider}'s`);
  }
  if (isTaken(verdict, preset)) return;
  const code = memberOf(json, "code");
  const isPermanent = typeof code === "number" && preset.permanentCodes.includes(code);
  const reason = ["refused", ...(typeof code === "number" ? [`with code ${code}`] : [])].join(" ");
  throw new PublishError(provider, detail === undefined ? reason : `${reason}: ${detail}`, { isPermanent });
}

function isTaken(verdict: unknown, { taken }: MessagePreset): boolean {
  return taken === undefined ? ["string", "number"].includes(typeof verdict) : verdict === taken;
}

/** Telegram says in the body how long to wait. */
function withRetryAfter({ headers }: HttpAnswer, json: unknown): Headers {
  const seconds = memberOf(memberOf(json, "parameters"), "retry_after");
  if (!Number.isInteger(seconds) || headers.has("retry-after")) return headers;
  const more = new Headers(headers);
  more.set("retry-after", String(seconds));
  return more;
}
