import * as v from "valibot";
import type { Clock } from "../core/clock.ts";
import { Secret } from "../core/secret.ts";
import { answerWords, memberOf, parseAnswer } from "./answer_words.ts";
import { bearer, type Fetch, type HttpAnswer, requestHttp, statusError } from "./http_request.ts";
import { PublishError } from "./publisher.ts";

/** Options for {@linkcode Dynv6Api}. */
export interface Dynv6ApiOptions {
  /** For messages. */
  readonly provider: string;
  /** HTTP token. */
  readonly token: Secret;
  /** URL before the paths. */
  readonly base: string;
  /** HTTP. */
  readonly fetch: Fetch;
  /** For the limit of requests. */
  readonly clock: Clock;
}

/** Options for {@linkcode Dynv6Api.request}. */
export interface Dynv6RequestOptions<T> {
  /** JSON. @default none */
  readonly body?: object | undefined;
  /** What the answer has to hold. @default nothing, or any JSON */
  readonly answer?: v.GenericSchema<unknown, T> | undefined;
  /** Reason in case of status 404. @default the server's words */
  readonly missing?: string | undefined;
  /** Status 404 is fine. @default {false} */
  readonly isGoneFine?: boolean | undefined;
  /** Ends the request. */
  readonly signal: AbortSignal;
}

/** A page of a proxy is not even JSON. */
const ANYTHING = v.custom((json) => json !== undefined);
/** All records of a zone come in one answer. */
const MOST_BYTES = 4 * 1024 * 1024;

/** The REST API of dynv6 (https://dynv6.github.io/api-spec/). */
export class Dynv6Api {
  readonly #options: Dynv6ApiOptions;

  /** Asks nothing yet. */
  constructor(options: Dynv6ApiOptions) {
    this.#options = options;
  }

  /**
   * One request.
   *
   * @throws {PublishError} If it is refused, or the answer cannot be understood.
   * @throws `signal.reason`, unchanged, if aborted.
   */
  async request<T>(method: string, path: string, options: Dynv6RequestOptions<T>): Promise<T> {
    const { provider, token, base, fetch, clock } = this.#options;
    const { body, answer: schema = ANYTHING as v.GenericSchema<unknown, T>, signal } = options;
    const answer = await requestHttp({
      ...{ fetch, clock, provider, method, signal },
      url: new Secret(`${base.replace(/\/+$/, "")}${path}`),
      headers: {
        accept: "application/json",
        ...bearer(provider, token),
        ...(body && { "content-type": "application/json" }),
      },
      body: body && JSON.stringify(body),
      // The answer to a refusal says more than its status.
      accepts: (status) => status < 300 || status >= 400,
      mostBytes: MOST_BYTES,
    });
    if (answer.status >= 400 && !(answer.status === 404 && options.isGoneFine === true)) {
      throw this.#refusal(answer, options.missing);
    }
    const parsed = v.safeParse(schema, answer.text === "" ? null : parseAnswer(answer.text));
    if (!parsed.success) {
      throw new PublishError(provider, `the answer to ${method} ${path} cannot be understood`);
    }
    return parsed.output;
  }

  #refusal(answer: HttpAnswer, missing: string | undefined): PublishError {
    const { provider, token, clock } = this.#options;
    if (answer.status === 404 && missing !== undefined) {
      return new PublishError(provider, missing, { isPermanent: true });
    }
    const json = parseAnswer(answer.text);
    const error = memberOf(json, "error") ?? json;
    const detail = answerWords(memberOf(error, "message") ?? error, [token]);
    return statusError(provider, answer, { detail, now: clock.date() });
  }
}
