import { dial, type Dialed, type DialOptions } from "./dial.ts";
import { findEndpoint, type FindOptions } from "./find_endpoint.ts";
import type { FindQuestion, Found } from "./found.ts";

/** Options for {@linkcode reach}. */
export interface ReachOptions<T> extends Omit<DialOptions<T>, "refresh" | "subject" | "clock"> {
  /** How it is looked up. */
  readonly find: Omit<FindOptions, "signal" | "isFresh">;
  /** Told where it is, before anything is connected, and again if a second look-up says otherwise. */
  readonly onFound?: (found: Found) => void;
}

/** `ssh_tcp at example.com`, for messages. */
export function subjectOf({ name, service }: FindQuestion): string {
  return service === undefined ? name : `${service.text} at ${name}`;
}

/**
 * Finds a service and connects to it. If what the records say does not accept, or not soon, they are looked up once
 * more, past caches, and the new endpoints are tried.
 *
 * @throws {NotFoundError} {@linkcode DialError}
 * @throws `signal.reason` if aborted.
 */
export async function reach<T>(question: FindQuestion, options: ReachOptions<T>): Promise<Dialed<T>> {
  const { find, onFound, signal } = options;
  const found = await findEndpoint(question, { ...find, signal });
  onFound?.(found);
  return await dial(found.endpoints, {
    ...options,
    clock: find.platform.clock,
    subject: subjectOf(question),
    refresh: async (limit) => {
      const again = await findEndpoint(question, { ...find, signal: limit, isFresh: true });
      onFound?.(again);
      return again.endpoints;
    },
  });
}
