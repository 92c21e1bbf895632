import { PortholeError } from "../core/errors.ts";

/** A mistake on the command line; the message is one line in the user's language that says what to do. */
export class UsageError extends PortholeError {
  override readonly name = "UsageError";
  override readonly code = "usage";
}
