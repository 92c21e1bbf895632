import * as v from "valibot";
import type { Clock } from "../../core/clock.ts";
import { Secret } from "../../core/secret.ts";
import { memberOf, parseAnswer } from "../answer_words.ts";
import { type ApiRefusal, refusalBy } from "../api_refusal.ts";
import { type Fetch, requestHttp } from "../http_request.ts";
import { checkKeyId } from "../key_id.ts";
import { PublishError } from "../publisher.ts";
import { signTc3, type Tc3Credentials } from "./sign_tc3.ts";

/** One product of Tencent Cloud. */
export interface TencentApiOptions extends Tc3Credentials {
  /** For messages. */
  readonly provider: string;
  /** Name of the product in signatures: `dnspod`, `teo`. */
  readonly service: string;
  /** Of its API, as in `2021-03-23`. */
  readonly version: string;
  /** URL. */
  readonly api: string;
  /** HTTP. */
  readonly fetch: Fetch;
  /** Time of requests, and their limit. */
  readonly clock: Clock;
}

/** Options for {@linkcode TencentApi.call}. */
export interface TencentCallOptions<T> {
  /** What the answer has to hold. */
  readonly answer: v.GenericSchema<unknown, T>;
  /** Ends the request. */
  readonly signal: AbortSignal;
}

/** Pages of some hundred records. */
const MOST_BYTES = 1024 * 1024;
/** The time of the request was too far from theirs. */
const CLOCK_CODE = "AuthFailure.SignatureExpire";
/** Somebody has to change something; all others may pass. */
const PERMANENT = new RegExp(
  "^(?:AuthFailure|UnauthorizedOperation|OperationDenied|InvalidParameter|InvalidParameterValue|MissingParameter|" +
    "UnknownParameter|UnsupportedOperation|UnsupportedProtocol|LimitExceeded|ResourceInsufficient|ResourceNotFound|" +
    "InvalidAction|InvalidRequest|ActionOffline|NoSuchProduct|NoSuchVersion|IpInBlacklist|IpNotInWhitelist)(?:\\.|$)",
);
const NOT_OWNED =
  /^FailedOperation\.(?:NotDomainOwner|DomainOwnedByOtherUser|DomainIsLocked|DomainIsSpam|NotRealNamed)/;
/** "Operation failed, try again later"; and a record that came or went since it was looked for. */
const PASSING = /^InvalidParameter\.(?:OperateFailed|RecordIdInvalid|DomainRecordExist)$/;

/** Calls actions of the API 3.0 of Tencent Cloud; answers are JSON, faults come with status 200. */
export class TencentApi {
  readonly #options: TencentApiOptions;

  /** Asks nothing yet. */
  constructor(options: TencentApiOptions) {
    this.#options = options;
  }

  /**
   * One signed request.
   *
   * @throws {ApiRefusal} If the API says no.
   * @throws {PublishError} If there is no answer that can be understood.
   * @throws `signal.reason`, unchanged, if aborted.
   */
  async call<T>(action: string, parameters: object, { answer, signal }: TencentCallOptions<T>): Promise<T> {
    const { provider, service, version, api, id, clock, fetch } = this.#options;
    checkKeyId(provider, id);
    const url = new URL(api);
    const body = JSON.stringify(parameters);
    const timestamp = Math.floor(clock.date().getTime() / 1000);
    const request = { host: url.host, path: url.pathname, service, action, version, timestamp, body };
    const headers = await signTc3(request, this.#options);
    const { text } = await requestHttp({
      ...{ fetch, clock, provider, method: "POST", url: new Secret(url.href), headers, body, signal },
      mostBytes: MOST_BYTES,
    });
    const response = memberOf(parseAnswer(text), "Response");
    const code = memberOf(memberOf(response, "Error"), "Code");
    if (typeof code === "string") throw this.#refusal(code, memberOf(memberOf(response, "Error"), "Message"));
    const parsed = v.safeParse(answer, response);
    if (!parsed.success) throw new PublishError(provider, `the answer to ${action} cannot be understood`);
    return parsed.output;
  }

  #refusal(code: string, message: unknown): ApiRefusal {
    const { provider, id, key } = this.#options;
    return refusalBy(provider, {
      code,
      message,
      isPermanent: !PASSING.test(code) && (PERMANENT.test(code) || NOT_OWNED.test(code)),
      isClock: code === CLOCK_CODE,
      secrets: [id, key],
    });
  }
}
