import { PublishError } from "./publisher.ts";
import type { RecordType } from "../dns/record_data.ts";
import type { RecordSet } from "./record_set.ts";

/** Options for {@linkcode RecordStore.replace}. */
export interface ReplaceOptions {
  /**
   * What the record set was when it was read ({@linkcode RecordStore.read}); it is replaced only if it is the same
   * still. Absent: whatever is there is replaced.
   */
  readonly expected?: RecordSet | undefined;
  readonly signal: AbortSignal;
}

/**
 * DNS records at one provider. What every implementation owes (tests/contract/record_store_contract.ts):
 *
 * - **Exactness.** After `replace(set)` the provider has exactly the records of `set` for its owner name and type: those
 *   that are there already are left alone or changed, further ones of that name *and type* are removed. Records of other
 *   names or types, whoever made them, are never touched.
 * - **No idle writes.** Nothing is written where it is the same already, the TTL included (unless the provider cannot
 *   keep such a TTL: its nearest counts as the same).
 * - **Atomicity.** As far as the provider can. Where it takes several requests, the new record is there before the old
 *   one goes, so that the name never has none. Each intermediate state is one that the next `replace` mends.
 * - **Comparing.** With `expected`, a provider with conditional writes uses them; others read again right before they
 *   write. Something else there is a {@linkcode RecordConflictError}, and nothing is written.
 * - **Concurrency.** One call at a time for each store; several stores, also of other processes, may work on one zone.
 * - **Whole answers.** Paged lists are read to their end (or asked with a filter that the provider honours; the answer is
 *   filtered again here).
 * - **Cancellation.** `signal` ends requests and waits; the reason is thrown unchanged.
 * - **Retry.** None here: the runner does it. Errors say by {@linkcode PublishError.isPermanent} whether it can help (bad
 *   token, unknown zone: permanent; 5xx, 429, timeouts, truncated answers: not), and pass `Retry-After` on.
 * - **Secrets** never get into errors or logs.
 */
export interface RecordStore {
  /** Name of the provider, for events. */
  readonly provider: string;
  /** What it can hold. */
  readonly types: ReadonlySet<RecordType>;
  /**
   * The record set as the provider's own API (never a cache) has it; `data` is empty where there is none.
   *
   * @throws {PublishError}
   */
  read(name: string, type: RecordType, signal: AbortSignal): Promise<RecordSet>;
  /**
   * Makes the record set exactly this one.
   *
   * @throws {RecordConflictError} If it is not the expected one.
   * @throws {PublishError}
   */
  replace(set: RecordSet, options: ReplaceOptions): Promise<void>;
}

/** Somebody else changed a record set meanwhile: read it again, and try again. */
export class RecordConflictError extends PublishError {
  /** Says whose records changed. */
  constructor(provider: string, { name, type }: Pick<RecordSet, "name" | "type">) {
    super(provider, `the ${type} records of ${name} were changed by somebody else meanwhile`);
  }
}
