import { PortholeError } from "../core/errors.ts";
import type { ChangedEvent, MappedEvent, MappingEvent, RestoredEvent } from "../core/mapping.ts";

/** News of a mapping: what there is to publish. */
export type PublishNews = MappedEvent | ChangedEvent | RestoredEvent;

/** Whether an event names an external endpoint that strangers are to be told. */
export function isPublishNews(event: MappingEvent): event is PublishNews {
  return event.event === "mapped" || event.event === "changed" || event.event === "restored";
}

/** One place where the world learns an external endpoint. Publishing the same news twice does no harm. */
export interface Publisher {
  /** Which kind it is, for events: `webhook`, … */
  readonly provider: string;
  /**
   * Tells it once; takes its own time limit.
   *
   * @throws {PublishError} If the place did not take it.
   * @throws `signal.reason`, unchanged, if aborted.
   */
  publish(news: PublishNews, signal: AbortSignal): Promise<void>;
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
