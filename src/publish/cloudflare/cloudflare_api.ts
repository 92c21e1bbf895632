import { memberOf, parseAnswer } from "../answer_words.ts";
import { refusalBy } from "../api_refusal.ts";
import { bearer, type HttpAnswer, requestHttp, statusError } from "../http_request.ts";
import type { PublisherParts } from "../open_publisher.ts";
import type { CloudflareOptions } from "../options.ts";
import { PublishError } from "../publisher.ts";
import { type Page, readPages } from "../read_pages.ts";
import { Secret } from "../../core/secret.ts";

/** A request to the API. */
export interface CloudflareRequest {
  /** HTTP method. @default {"GET"} */
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE" | undefined;
  /** Below the base URL, without a query; parts of it are encoded. */
  readonly path: string;
  /** Encoded here. */
  readonly query?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Ends the request. */
  readonly signal: AbortSignal;
}

/** What an answer holds. */
export interface CloudflareAnswer {
  /** What was asked for. */
  readonly result: unknown;
  /** Of lists: where in the whole this page is. */
  readonly resultInfo: unknown;
}

/** Cloudflare's API (v4), signed in. */
export interface CloudflareApi {
  /** For events and messages. */
  readonly provider: string;
  /**
   * One request.
   *
   * @throws {PublishError} An ApiRefusal, if the API says no; its code is `apiCode`.
   * @throws {PublishError} If there is no answer, or none of this API.
   */
  request(request: CloudflareRequest): Promise<CloudflareAnswer>;
  /** All items of a list that is paged by number. */
  readAll(request: CloudflareRequest & { readonly perPage: number }): Promise<readonly unknown[]>;
}

/** Lists of a hundred records with comments and tags. */
const MOST_ANSWER_BYTES = 4 * 1024 * 1024;

/**
 * Faults that say no more than that what was listed is not so any more: an identical record is there already (81057,
 * 81058), or the record is gone (81044). The next try lists again.
 */
const STALE: ReadonlySet<string> = new Set(["81044", "81057", "81058"]);
/** What is the same whenever it is asked again: credentials that are wrong, malformed or not allowed to. */
const FORBIDDEN: ReadonlySet<string> = new Set(["6003", "9103", "9106", "9109", "10000"]);

/** Opens the API; nothing is asked yet. */
export function openCloudflareApi(
  { provider, api, account }: Pick<CloudflareOptions, "provider" | "api" | "account">,
  { fetch, clock }: Pick<PublisherParts, "fetch" | "clock">,
): CloudflareApi {
  const secrets = [account.kind === "token" ? account.token : account.key];

  async function request(
    { method, path, query = {}, body, signal }: CloudflareRequest,
  ): Promise<CloudflareAnswer> {
    const search = new URLSearchParams(query).toString();
    const answer = await requestHttp({
      ...{ fetch, clock, provider, method, signal },
      url: new Secret(`${api}${path}${search === "" ? "" : `?${search}`}`),
      headers: {
        ...accountHeaders(provider, account),
        accept: "application/json",
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      accepts: () => true,
      mostBytes: MOST_ANSWER_BYTES,
    });
    const value = parseAnswer(answer.text);
    const isFine = answer.status >= 200 && answer.status < 300;
    if (isFine && memberOf(value, "success") === true) {
      return { result: memberOf(value, "result"), resultInfo: memberOf(value, "result_info") };
    }
    throw refusalOf(provider, { answer, value, secrets, now: clock.date() });
  }

  return {
    provider,
    request,
    readAll: ({ perPage, query, ...rest }) =>
      readPages(provider, async ({ offset, number }) => {
        const page = { per_page: `${perPage}`, page: `${number}` };
        const answer = await request({ ...rest, query: { ...query, ...page } });
        return pageOf(provider, { ...answer, offset });
      }),
  };
}

function pageOf(
  provider: string,
  { result, resultInfo, offset }: CloudflareAnswer & { readonly offset: number },
): Page<unknown> {
  if (!Array.isArray(result)) throw new PublishError(provider, "the answer has no list");
  const total = memberOf(resultInfo, "total_count");
  // Where nobody counts, the list ends with an empty page.
  return { items: result, total: typeof total === "number" ? total : offset + result.length + 1 };
}

function accountHeaders(
  provider: string,
  account: CloudflareOptions["account"],
): Readonly<Record<string, string>> {
  if (account.kind === "token") return bearer(provider, account.token);
  const { email, key } = account;
  if (/^[\x21-\x7e]+$/.test(email) && /^[\x21-\x7e]+$/.test(key.reveal())) {
    return { "x-auth-email": email, "x-auth-key": key.reveal() };
  }
  const reason = "the mail address or the key is empty or has characters that HTTP cannot carry";
  throw new PublishError(provider, reason, { isPermanent: true });
}

function refusalOf(
  provider: string,
  { answer, value, secrets, now }: {
    readonly answer: HttpAnswer;
    readonly value: unknown;
    readonly secrets: readonly Secret[];
    readonly now: Date;
  },
): PublishError {
  const plain = statusError(provider, answer, { now });
  const { retryAfterMs } = plain;
  const [first] = listOf(memberOf(value, "errors"));
  const message = errorWords(first);
  if (memberOf(value, "success") === false && message !== undefined) {
    const code = String(memberOf(first, "code") ?? "");
    const isPermanent = FORBIDDEN.has(code) || (plain.isPermanent && !STALE.has(code));
    return refusalBy(provider, { code, message, isPermanent, isClock: false, retryAfterMs, secrets });
  }
  if (answer.status >= 300) return plain;
  const reason = answer.text === undefined
    ? `the answer has more than ${MOST_ANSWER_BYTES} bytes`
    : "the answer is none of Cloudflare's API";
  return new PublishError(provider, reason, { retryAfterMs });
}

/** The message, and what is behind it; `undefined` if there is none. */
function errorWords(error: unknown): string | undefined {
  const message = memberOf(error, "message");
  if (typeof message !== "string") return undefined;
  const [behind] = listOf(memberOf(error, "error_chain"));
  const cause = memberOf(behind, "message");
  return typeof cause === "string" ? `${message}: ${cause}` : message;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
