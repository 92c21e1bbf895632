import { PortholeError } from "../../core/errors.ts";

/**
 * Why a look-up gave nothing: the name does not exist; the server failed or refused; nothing came in time; it cannot
 * be reached; what came is no answer; or this way cannot ask for that type.
 */
export type DnsFailure = "no-name" | "server" | "timeout" | "unreachable" | "malformed" | "unsupported";

/** A look-up in the DNS that gave no answer. That there are no such records is none. */
export class DnsError extends PortholeError {
  /** Name of the class. */
  override readonly name = "DnsError";
  /** For programs. */
  override readonly code = "dns";
  /** Which kind of failure. */
  readonly failure: DnsFailure;
  /** The last part of the message: what happened, and where. */
  readonly reason: string;

  /** `question` is type and name, as in `TXT example.com`. */
  constructor(
    question: string,
    what: { readonly failure: DnsFailure; readonly reason: string },
    options?: ErrorOptions,
  ) {
    super(`Cannot look up ${question}: ${what.reason}`, options);
    this.failure = what.failure;
    this.reason = what.reason;
  }
}

/** The name is not there. `label` is type and name. */
export function noSuchName(label: string): DnsError {
  return new DnsError(label, { failure: "no-name", reason: "there is no such name" });
}

/** Whether a look-up says that there is no such name, as opposed to failing. */
export function isNoName(error: unknown): error is DnsError {
  return error instanceof DnsError && error.failure === "no-name";
}
