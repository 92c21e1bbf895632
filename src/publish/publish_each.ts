import { PublishError } from "./publisher.ts";

/** One of several things that a publisher makes so. */
export interface PublishStep {
  /** What it is, for people: `SRV _minecraft._tcp.mc.example.com`. */
  readonly what: string;
  /** @throws {PublishError} */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Takes the steps in order. One that is refused does not hold up the others, unless the place asked to be left alone for
 * a while: then the rest waits too.
 *
 * @throws {PublishError} After all of them, if any was refused: the first reason, with the names of all that are not
 *   done; permanent only if trying again helps none of them.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function publishEach(
  provider: string,
  steps: readonly PublishStep[],
  signal: AbortSignal,
): Promise<void> {
  const undone: string[] = [];
  const refusals: PublishError[] = [];
  for (const { what, run } of steps) {
    if (refusals.some(({ retryAfterMs }) => retryAfterMs !== undefined)) {
      undone.push(what);
      continue;
    }
    try {
      signal.throwIfAborted();
      await run(signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof PublishError)) throw error;
      undone.push(what);
      refusals.push(error);
    }
  }
  const [first] = refusals;
  if (first === undefined) return;
  throw new PublishError(provider, `${undone.join(", ")}: ${first.reason}`, {
    isPermanent: refusals.every(({ isPermanent }) => isPermanent) && undone.length === refusals.length,
    retryAfterMs: refusals.at(-1)?.retryAfterMs,
  });
}
