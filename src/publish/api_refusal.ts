import type { Secret } from "../core/secret.ts";
import { answerWords } from "./answer_words.ts";
import { PublishError, type PublishErrorOptions } from "./publisher.ts";

/** Options for {@linkcode ApiRefusal}. */
export interface ApiRefusalOptions extends PublishErrorOptions {
  /** What the API calls the fault. */
  readonly apiCode: string;
}

/** An API answered that it does not want to. */
export class ApiRefusal extends PublishError {
  /** What the API calls the fault: match on this. */
  readonly apiCode: string;

  /** Words the message; `reason` holds no secrets. */
  constructor(provider: string, reason: string, { apiCode, ...options }: ApiRefusalOptions) {
    super(provider, reason, options);
    this.apiCode = apiCode;
  }
}

/** What an API said no with. */
export interface ApiFault {
  /** What the API calls the fault. */
  readonly code: string;
  /** Its words. */
  readonly message: unknown;
  /** Trying again will not help before somebody changed something; never so if `isClock`. */
  readonly isPermanent: boolean;
  /** The time of the request was wrong. */
  readonly isClock: boolean;
  /** The API asked not to be tried sooner, in milliseconds from now. @default none */
  readonly retryAfterMs?: number | undefined;
  /** Never in the reason, though the API may repeat them. */
  readonly secrets: readonly Secret[];
}

/** The refusal in the API's words: code, message, and a hint where the clock is wrong. Pure. */
export function refusalBy(provider: string, fault: ApiFault): ApiRefusal {
  const { code, message, isPermanent, isClock, retryAfterMs, secrets } = fault;
  const hint = isClock ? "check this machine's clock" : undefined;
  const words = [answerWords(code, secrets), answerWords(message, secrets), hint];
  const reason = words.filter((part) => part !== undefined).join(": ");
  return new ApiRefusal(provider, reason, {
    apiCode: code,
    isPermanent: isPermanent && !isClock,
    retryAfterMs,
  });
}
