import type { Clock } from "../core/clock.ts";
import { openDeadline } from "../core/deadline.ts";
import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage, PortholeError, TimeoutError } from "../core/errors.ts";

/** Options for {@linkcode dial}. */
export interface DialOptions<T> {
  /** Connects to one endpoint; its signal is aborted when another one was quicker, or its time is up. */
  readonly open: (endpoint: Endpoint, signal: AbortSignal) => Promise<T>;
  /** Lets go of a connection that came too late. */
  readonly close: (connection: T) => void;
  /** Timers. */
  readonly clock: Clock;
  /** Ends every attempt; its reason is thrown. */
  readonly signal: AbortSignal;
  /** For each attempt, in milliseconds. */
  readonly timeoutMs: number;
  /** What is connected to, for the error: `ssh_tcp at example.com`. */
  readonly subject: string;
  /**
   * Looks the endpoints up again, past caches: once when all attempts failed; and after 1, 2, 4, … seconds while one is
   * still under way, since a mapping that moved mostly swallows packets instead of refusing them, and its records
   * follow a moment later.
   */
  readonly refresh?: ((signal: AbortSignal) => Promise<readonly Endpoint[]>) | undefined;
}

/** A connection, and where it leads. */
export interface Dialed<T> {
  /** The one that accepted. */
  readonly endpoint: Endpoint;
  /** The caller's from now on. */
  readonly connection: T;
}

/** What became of one endpoint. */
export interface DialFailure {
  /** Tried. */
  readonly endpoint: Endpoint;
  /** Why it did not accept. */
  readonly error: unknown;
}

/** No endpoint accepted; the message says why, for each of them. */
export class DialError extends PortholeError {
  /** Name of the class. */
  override readonly name = "DialError";
  /** For programs. */
  override readonly code = "dial";
  /** In the order in which they failed; none if there was nothing to try. */
  readonly failures: readonly DialFailure[];

  /** `subject` is what was connected to. */
  constructor(subject: string, failures: readonly DialFailure[]) {
    const reasons = failures.map(({ endpoint, error }) => `${formatEndpoint(endpoint)} ${wordsFor(error)}`);
    super(`Cannot connect to ${subject}: ${reasons.join("; ") || "there is nothing to connect to"}`, {
      cause: failures[0]?.error,
    });
    this.failures = failures;
  }
}

/** The next endpoint is tried beside the one under way after this (RFC 8305, section 5). */
const STAGGER_MS = 250;
/** The kernel sends a second SYN then; it is rare enough to ask whether the endpoint still is the right one. */
const DOUBT_MS = 1000;

/**
 * Connects to the first endpoint that accepts: in their order, each with a small lead (RFC 8305), and to those that a
 * second look-up gives, if it gives others.
 *
 * @throws {DialError} If none accepts.
 * @throws `signal.reason` if aborted.
 */
export async function dial<T>(endpoints: readonly Endpoint[], options: DialOptions<T>): Promise<Dialed<T>> {
  options.signal.throwIfAborted();
  await using race = new DialRace(options);
  return await race.run(endpoints);
}

class DialRace<T> implements AsyncDisposable {
  readonly #options: DialOptions<T>;
  readonly #over = new AbortController();
  readonly #done = Promise.withResolvers<Dialed<T>>();
  readonly #queue: Endpoint[] = [];
  readonly #tried = new Set<string>();
  readonly #failures: DialFailure[] = [];
  readonly #tasks = new Set<Promise<void>>();
  readonly #stop = (): void => this.#done.reject(this.#options.signal.reason);
  #running = 0;
  /** Second look-ups so far. */
  #looks = 0;
  #isLooking = false;
  #stagger: Disposable | undefined;
  #doubt: Disposable | undefined;

  constructor(options: DialOptions<T>) {
    this.#options = options;
  }

  run(endpoints: readonly Endpoint[]): Promise<Dialed<T>> {
    this.#options.signal.addEventListener("abort", this.#stop, { once: true });
    this.#doubtLater();
    this.#add(endpoints);
    this.#next();
    return this.#done.promise;
  }

  /** Ends what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.signal.removeEventListener("abort", this.#stop);
    this.#stagger?.[Symbol.dispose]();
    this.#doubt?.[Symbol.dispose]();
    this.#over.abort(new DOMException("Another attempt came first", "AbortError"));
    await Promise.all(this.#tasks);
  }

  #track(task: Promise<void>): void {
    const done = task.finally(() => this.#tasks.delete(done));
    this.#tasks.add(done);
  }

  /** Those not tried yet come next. */
  #add(endpoints: readonly Endpoint[]): void {
    const fresh = endpoints.filter((endpoint) => !this.#tried.has(formatEndpoint(endpoint)));
    for (const endpoint of fresh) this.#tried.add(formatEndpoint(endpoint));
    // Those of the second look-up are the better ones.
    this.#queue.unshift(...fresh);
  }

  #next(): void {
    this.#stagger?.[Symbol.dispose]();
    this.#stagger = undefined;
    const endpoint = this.#queue.shift();
    if (endpoint !== undefined) {
      this.#track(this.#attempt(endpoint));
      this.#stagger = this.#options.clock.schedule(STAGGER_MS, () => this.#queue.length > 0 && this.#next());
      return;
    }
    if (this.#running > 0 || this.#isLooking) return;
    if (this.#looks === 0 && this.#options.refresh !== undefined) return this.#track(this.#lookAgain());
    this.#done.reject(new DialError(this.#options.subject, this.#failures));
  }

  async #attempt(endpoint: Endpoint): Promise<void> {
    const { open, close, clock, timeoutMs } = this.#options;
    this.#running++;
    using deadline = openDeadline(timeoutMs, { clock, signal: this.#over.signal });
    try {
      const connection = await open(endpoint, deadline.signal);
      if (this.#over.signal.aborted || this.#options.signal.aborted) return close(connection);
      // Later ones see it before they are handed over.
      this.#over.abort(new DOMException("Another attempt came first", "AbortError"));
      this.#done.resolve({ endpoint, connection });
    } catch (error) {
      if (this.#over.signal.aborted) return;
      this.#failures.push({ endpoint, error });
      this.#running--;
      this.#next();
    }
  }

  #doubtLater(): void {
    this.#doubt?.[Symbol.dispose]();
    const delayMs = DOUBT_MS * 2 ** this.#looks;
    this.#doubt = this.#options.clock.schedule(delayMs, () => this.#track(this.#lookAgain()));
  }

  async #lookAgain(): Promise<void> {
    const { refresh, signal } = this.#options;
    if (refresh === undefined || this.#isLooking) return;
    this.#isLooking = true;
    try {
      this.#add(await refresh(this.#over.signal));
    } catch {
      // The look-up that worked is the one to go by; what connecting says is what counts.
    }
    this.#isLooking = false;
    this.#looks++;
    if (this.#over.signal.aborted || signal.aborted) return;
    this.#doubtLater();
    this.#next();
  }
}

function wordsFor(error: unknown): string {
  if (error instanceof TimeoutError) return "gave no answer in time";
  switch (errorCode(error)) {
    case "ECONNREFUSED":
      return "refused";
    case "ETIMEDOUT":
      return "gave no answer in time";
    case "ECONNRESET":
      return "reset the connection";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EADDRNOTAVAIL":
      return "cannot be reached from here";
    default:
      return `failed (${errorMessage(error)})`;
  }
}
