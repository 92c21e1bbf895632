import { backoffMs } from "../core/backoff.ts";
import { errorMessage } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";

/** What serves on an internal endpoint until disposed. */
export interface Service extends AsyncDisposable {
  /** Lets the port go without ending what runs already; absent where nothing holds the port. */
  suspend?(): Promise<void>;
  /**
   * Takes the port again; only called after `suspend`.
   *
   * @throws {Error} With the kernel's `code` if it cannot be bound.
   */
  resume?(): Promise<void>;
}

/** How often a port that somebody else took meanwhile is tried again. */
const RETRY = { firstMs: 250, maxMs: 15_000 } as const;

/**
 * Takes turns on one TCP port where a listener and connections out of it exclude each other: the service is
 * suspended while anyone connects and resumed after the last one. Disposing stops the turns, not the service.
 */
export class ServingTurn implements AsyncDisposable {
  readonly #service: Service;
  readonly #platform: Platform;
  readonly #waiting = new Set<() => void>();
  #users = 0;
  #failures = 0;
  #isSuspended = false;
  #hasEnded = false;
  #retry: Disposable | undefined;
  #settling: Promise<void> = Promise.resolve();

  /** Takes a service that serves now; its owner stays its owner. */
  constructor(service: Service, platform: Platform) {
    this.#service = service;
    this.#platform = platform;
  }

  /** Resolves once nobody listens on the port; disposing the result gives the turn back. Never rejects. */
  async enter(): Promise<Disposable> {
    this.#users += 1;
    await this.#settle();
    let isOver = false;
    return {
      [Symbol.dispose]: (): void => {
        if (isOver) return;
        isOver = true;
        this.#users -= 1;
        void this.#settle();
      },
    };
  }

  /** Resolves once the service serves, or the turns have ended. Never rejects. */
  async standing(): Promise<void> {
    await this.#settling;
    if (this.#hasEnded || this.#isServing) return;
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasEnded = true;
    this.#retry?.[Symbol.dispose]();
    await this.#settling;
    this.#release();
  }

  get #isServing(): boolean {
    return this.#users === 0 && !this.#isSuspended;
  }

  #settle(): Promise<void> {
    return this.#settling = this.#settling.then(() => this.#reconcile());
  }

  /** Makes it as it should be by now, whoever came and went meanwhile. */
  async #reconcile(): Promise<void> {
    if (this.#hasEnded) return;
    const isWanted = this.#users === 0;
    try {
      if (!isWanted && !this.#isSuspended) {
        this.#isSuspended = true;
        await this.#service.suspend?.();
      } else if (isWanted && this.#isSuspended) {
        this.#retry?.[Symbol.dispose]();
        await this.#service.resume?.();
        this.#isSuspended = false;
        this.#failures = 0;
      }
    } catch (error) {
      this.#onFault(error);
    }
    if (this.#isServing) this.#release();
  }

  #onFault(error: unknown): void {
    const { log, clock, random } = this.#platform;
    this.#failures += 1;
    if (this.#failures === 1) {
      log.warn("Cannot serve on the port again, trying on", { reason: errorMessage(error) });
    }
    if (this.#hasEnded) return;
    this.#retry?.[Symbol.dispose]();
    this.#retry = clock.schedule(backoffMs(this.#failures, random, RETRY), () => void this.#settle());
  }

  #release(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
