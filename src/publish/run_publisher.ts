import { backoffMs } from "../core/backoff.ts";
import type { Clock } from "../core/clock.ts";
import { isSameEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import {
  isMappingNews,
  type MappingEvent,
  type MappingFields,
  type MappingNews,
  type PublishedEvent,
  type PublishFailedEvent,
} from "../core/mapping.ts";
import type { Random } from "../core/random.ts";
import { type Publisher, PublishError } from "./publisher.ts";

/** Options for {@linkcode PublisherRunner}. */
export interface PublisherRunnerOptions {
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Told of each success, of the first failure of each news, and of each change of the reason. */
  readonly emit: (event: PublishedEvent | PublishFailedEvent) => void;
  /** What was published before a restart. */
  readonly told?: MappingFields | undefined;
  /** Told what was published, to be remembered; `undefined`: nobody knows, so that whatever comes is news. */
  readonly onTold?: ((mapping: MappingFields | undefined) => void) | undefined;
}

/** Pauses after failures that may pass. */
const RETRY = { firstMs: 1_000, maxMs: 300_000 } as const;
/** Somebody has to change something first, which may be on the other side. */
const PERMANENT_RETRY_MS = 900_000;

/**
 * Hands a tunnel's external endpoint to one publisher: the latest wins, one request at a time, and again after
 * growing pauses until it is taken. A request under way is never cut off by newer news, because the server might
 * then see the two in the wrong order; a pause is, unless the server asked for it. What the publisher was told last
 * is not told again; only the external endpoint counts. While the mapping is lost nothing is retried.
 *
 * Disposing ends the request under way and waits for it.
 */
export class PublisherRunner implements AsyncDisposable {
  readonly #options: PublisherRunnerOptions;
  readonly #ending = new AbortController();
  #told: MappingFields | undefined;
  #wanted: MappingNews | undefined;
  #working: Promise<void> | undefined;
  /** Ends the pause before the next try. */
  #wake: (() => void) | undefined;
  #failures = 0;
  /** Clock time before which the server does not want to be asked. */
  #notBeforeMs = -Infinity;
  #saidFailure: string | undefined;

  constructor(options: PublisherRunnerOptions) {
    this.#options = options;
    this.#told = options.told;
  }

  /** Takes an event of the tunnel; returns at once. */
  deliver(event: MappingEvent): void {
    if (this.#ending.signal.aborted) return;
    if (event.event === "lost" || event.event === "unusable") this.#wanted = undefined;
    else if (isMappingNews(event)) this.#wanted = event;
    else return;
    this.#wake?.();
    this.#working ??= this.#work();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new DOMException("The publisher is stopping", "AbortError"));
    this.#wake?.();
    await this.#working;
  }

  async #work(): Promise<void> {
    // The caller comes first; and a burst of news is one.
    await Promise.resolve();
    for (let news = this.#next(); news !== undefined; news = this.#next()) {
      await this.#pause(this.#notBeforeMs - this.#options.clock.now(), (newer) => newer !== undefined);
      // What came or went meanwhile counts.
      const latest = this.#next();
      if (latest !== undefined) await this.#tryOnce(latest);
    }
    this.#working = undefined;
  }

  #next(): MappingNews | undefined {
    const wanted = this.#wanted;
    const isOver = this.#ending.signal.aborted || wanted === undefined ||
      isSameEndpoint(wanted.external, this.#told?.external);
    return isOver ? undefined : wanted;
  }

  async #tryOnce(news: MappingNews): Promise<void> {
    const { publisher } = this.#options;
    this.#forget();
    try {
      await publisher.publish(news, this.#ending.signal);
      this.#succeed(news);
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      const waitMs = this.#fail(news, error);
      await this.#pause(waitMs, (newer) => newer === news);
    }
  }

  /**
   * From the first byte on nobody knows what arrives, even if we are stopped meanwhile, so that going back to what was
   * told before is news again.
   */
  #forget(): void {
    if (this.#told !== undefined) this.#options.onTold?.(undefined);
    this.#told = undefined;
  }

  #succeed(news: MappingNews): void {
    const { publisher: { provider, place }, clock, emit, onTold } = this.#options;
    const { name, protocol, internal, external, target } = news;
    this.#failures = 0;
    this.#saidFailure = undefined;
    this.#told = { internal, external, ...(target && { target }) };
    onTold?.(this.#told);
    emit({
      event: "published",
      name,
      protocol,
      at: clock.date(),
      provider,
      ...(place !== undefined && { place }),
      external,
    });
  }

  /** @returns How long to wait before the next try. */
  #fail(news: MappingNews, error: unknown): number {
    const { publisher: { provider, place }, clock, random, log, emit } = this.#options;
    const { name, protocol, external } = news;
    const { reason, isPermanent, retryAfterMs } = error instanceof PublishError
      ? error
      : { reason: errorMessage(error), isPermanent: false, retryAfterMs: undefined };
    this.#failures++;
    const pauseMs = isPermanent ? PERMANENT_RETRY_MS : backoffMs(this.#failures, random, RETRY);
    const waitMs = Math.max(pauseMs, retryAfterMs ?? 0);
    if (retryAfterMs !== undefined) this.#notBeforeMs = clock.now() + retryAfterMs;
    log.debug("Publishing failed", {
      tunnel: name,
      provider,
      reason,
      retrySeconds: Math.round(waitMs / 1000),
    });
    const failure = JSON.stringify([external, reason]);
    if (failure !== this.#saidFailure) {
      this.#saidFailure = failure;
      emit({
        event: "publish-failed",
        name,
        protocol,
        at: clock.date(),
        provider,
        ...(place !== undefined && { place }),
        external,
        reason,
      });
    }
    return waitMs;
  }

  /** Waits, as long as what is wanted is such that it pays. */
  async #pause(waitMs: number, pays: (wanted: MappingNews | undefined) => boolean): Promise<void> {
    const isOver = (): boolean => this.#ending.signal.aborted || !pays(this.#wanted);
    if (!(waitMs > 0) || isOver()) return;
    const over = Promise.withResolvers<void>();
    using _timer = this.#options.clock.schedule(waitMs, () => over.resolve());
    this.#wake = (): void => {
      if (isOver()) over.resolve();
    };
    await over.promise;
    this.#wake = undefined;
  }
}
