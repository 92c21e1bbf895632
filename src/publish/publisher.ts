import { PortholeError } from "../core/errors.ts";
import type { MappingNews } from "../core/mapping.ts";

/** One place where the world learns an external endpoint. Publishing the same news twice does no harm. */
export interface Publisher {
  /** Which kind it is, for events: `webhook`, … */
  readonly provider: string;
  /** What it changes, for people: names, a site, a file. No secret. */
  readonly place?: string | undefined;
  /**
   * Tells it once; takes its own time limit.
   *
   * @throws {PublishError} If the place did not take it.
   * @throws `signal.reason`, unchanged, if aborted.
   */
  publish(news: MappingNews, signal: AbortSignal): Promise<void>;
}

/** Options for {@linkcode PublishError}. */
export interface PublishErrorOptions {
  /** Trying again will not help before somebody changed something. @default {false} */
  readonly isPermanent?: boolean;
  /** The place asked not to be tried sooner, in milliseconds from now. */
  readonly retryAfterMs?: number | undefined;
}

/** A place did not take the news. Its message never holds a secret, and so it has no `cause`. */
export class PublishError extends PortholeError {
  /** Name of the class. */
  override readonly name = "PublishError";
  /** What to match on. */
  override readonly code = "publish";
  /** What went wrong, for people. */
  readonly reason: string;
  /** Trying again will not help before somebody changed something. */
  readonly isPermanent: boolean;
  /** The place asked not to be tried sooner, in milliseconds from then. */
  readonly retryAfterMs: number | undefined;

  /** Words the message. */
  constructor(provider: string, reason: string, options: PublishErrorOptions = {}) {
    super(`Cannot publish to ${provider}: ${reason}`);
    this.reason = reason;
    this.isPermanent = options.isPermanent ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}
