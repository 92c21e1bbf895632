import * as v from "valibot";
import type { Clock } from "../../core/clock.ts";
import type { Random } from "../../core/random.ts";
import { Secret } from "../../core/secret.ts";
import { memberOf, parseAnswer } from "../answer_words.ts";
import { refusalBy } from "../api_refusal.ts";
import { type Fetch, type HttpAnswer, requestHttp, statusError } from "../http_request.ts";
import { checkKeyId } from "../key_id.ts";
import { PublishError } from "../publisher.ts";
import { type Acs3Credentials, acs3Query, type Acs3Request, signAcs3 } from "./sign_acs3.ts";

/** One product of Alibaba Cloud. */
export interface AliyunApiOptions extends Acs3Credentials {
  /** For messages. */
  readonly provider: string;
  /** Of its API, as in `2015-01-09`. */
  readonly version: string;
  /** URL. */
  readonly api: string;
  /** HTTP. */
  readonly fetch: Fetch;
  /** Time of requests, and their limit. */
  readonly clock: Clock;
  /** For nonces. */
  readonly random: Random;
}

/** Options for {@linkcode AliyunApi.call}. */
export interface AliyunCallOptions<T> {
  /** Some products want GET for what only reads. @default {"POST"} */
  readonly method?: Acs3Request["method"] | undefined;
  /** What the answer has to hold. */
  readonly answer: v.GenericSchema<unknown, T>;
  /** Ends the request. */
  readonly signal: AbortSignal;
}

/** Pages of some hundred records. */
const MOST_BYTES = 1024 * 1024;
/** The time of the request was too far from theirs. */
const CLOCK_CODE = /^(?:InvalidTimeStamp|IllegalTimestamp)(?:\.|$)/i;
/** What a later request may get through, though the status is a 4xx; and a record that came or went meanwhile. */
const PASSING = new RegExp(
  "^(?:Throttling|ServiceUnavailable|InternalError|UnKnownError|SignatureNonceUsed|LastOperationNotFinished|" +
    "DomainRecordNotBelongToUser|DomainRecordDuplicate)(?:\\.|$)",
  "i",
);

/** Calls actions of an API of Alibaba Cloud in its RPC style: parameters in the query, JSON back. */
export class AliyunApi {
  readonly #options: AliyunApiOptions;

  /** Asks nothing yet. */
  constructor(options: AliyunApiOptions) {
    this.#options = options;
  }

  /**
   * One signed request.
   *
   * @throws {ApiRefusal} If the API says no.
   * @throws {PublishError} If there is no answer that can be understood.
   * @throws `signal.reason`, unchanged, if aborted.
   */
  async call<T>(
    action: string,
    parameters: Readonly<Record<string, string>>,
    { method = "POST", answer, signal }: AliyunCallOptions<T>,
  ): Promise<T> {
    const { provider, version, api, id, clock, random, fetch } = this.#options;
    checkKeyId(provider, id);
    const { origin, host, pathname: path } = new URL(api);
    const [date, nonce] = [clock.date(), uuid(random)];
    const request = { method, host, path, action, version, date, nonce, parameters };
    const headers = await signAcs3(request, this.#options);
    const query = acs3Query(parameters);
    const got = await requestHttp({
      ...{ fetch, clock, provider, method, headers, signal },
      url: new Secret(`${origin}${path}${query === "" ? "" : `?${query}`}`),
      // The answer to a refusal says more than its status.
      accepts: (status) => status < 300 || status >= 400,
      mostBytes: MOST_BYTES,
    });
    const json = parseAnswer(got.text);
    if (got.status >= 400) throw this.#refusal(got, json);
    const parsed = v.safeParse(answer, json);
    if (!parsed.success) throw new PublishError(provider, `the answer to ${action} cannot be understood`);
    return parsed.output;
  }

  #refusal(answer: HttpAnswer, json: unknown): PublishError {
    const { provider, id, key, clock } = this.#options;
    const byStatus = statusError(provider, answer, { now: clock.date() });
    const code = memberOf(json, "Code");
    if (typeof code !== "string") return byStatus;
    return refusalBy(provider, {
      code,
      message: memberOf(json, "Message"),
      isPermanent: byStatus.isPermanent && !PASSING.test(code),
      isClock: CLOCK_CODE.test(code),
      retryAfterMs: byStatus.retryAfterMs,
      secrets: [id, key],
    });
  }
}

/** A random UUID (RFC 9562, section 5.4). */
function uuid(random: Random): string {
  const bytes = random.bytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
