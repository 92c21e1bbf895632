import type { Clock } from "../core/clock.ts";
import { type Endpoint, type HostPort, isSameEndpoint } from "../core/endpoint.ts";
import type { ServerAddresses } from "./server_addresses.ts";

/** How long the first server found waits for the others. */
const GRACE_MS = 50;
/** After this long without a single address another name is resolved besides. */
const HEDGE_MS = 300;

/** One server name that may be drawn. */
export interface DrawCandidate {
  readonly spec: HostPort;
  readonly addresses: ServerAddresses;
  /** Called if the name does not resolve. */
  readonly onUnresolved: (error: unknown) => void;
}

/** What was drawn. */
interface Drawn {
  readonly spec: HostPort;
  readonly endpoint: Endpoint;
}

/** Options for {@linkcode drawServers}. */
export interface DrawOptions {
  readonly count: number;
  /** Endpoints never to give again. */
  readonly exclude: readonly Drawn[];
  /** Whether an address that is excluded or drawn may be given with another port if nothing else is left. */
  readonly mayRepeatHosts: boolean;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Draws up to `count` servers in the order of the candidates, resolving as many names at a time as servers are
 * wanted. A name that hangs holds nobody up: others are tried besides it, and the first address found waits
 * only a moment for the rest.
 *
 * @returns Best first; at least one server, unless no candidate has anything to give.
 * @throws `signal.reason` if aborted.
 */
export async function drawServers(
  candidates: readonly DrawCandidate[],
  options: DrawOptions,
): Promise<readonly Drawn[]> {
  const { signal } = options;
  signal?.throwIfAborted();
  await using draw = new Draw(candidates, options);
  const pass = (): void => draw.fail(signal?.reason);
  signal?.addEventListener("abort", pass, { once: true });
  try {
    return await draw.run();
  } finally {
    signal?.removeEventListener("abort", pass);
  }
}

class Draw implements AsyncDisposable {
  readonly #options: DrawOptions;
  readonly #queue: DrawCandidate[];
  readonly #ranking: readonly HostPort[];
  readonly #taken: Drawn[] = [];
  /** Other ports of addresses already taken: only if nothing better turns up. */
  readonly #spare: Drawn[] = [];
  readonly #done: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #stop = new AbortController();
  readonly #tasks = new Set<Promise<void>>();
  readonly #timers = new DisposableStack();
  #isGraceOn = false;

  constructor(candidates: readonly DrawCandidate[], options: DrawOptions) {
    this.#queue = [...candidates];
    this.#ranking = candidates.map(({ spec }) => spec);
    this.#options = options;
  }

  async run(): Promise<readonly Drawn[]> {
    for (let i = 0; i < this.#options.count; i++) this.#startNext();
    this.#scheduleHedge();
    this.#check();
    await this.#done.promise;
    return this.#taken.toSorted((a, b) => this.#rank(a) - this.#rank(b));
  }

  #rank(drawn: Drawn): number {
    return this.#ranking.indexOf(drawn.spec);
  }

  fail(error: unknown): void {
    this.#done.reject(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timers.dispose();
    this.#stop.abort(new DOMException("The draw has ended", "AbortError"));
    await Promise.all(this.#tasks);
  }

  #scheduleHedge(): void {
    this.#timers.use(this.#options.clock.schedule(HEDGE_MS, () => {
      this.#startNext();
      this.#scheduleHedge();
    }));
  }

  #startNext(): void {
    const next = this.#queue.shift();
    if (next === undefined) return;
    const task = this.#try(next).finally(() => {
      this.#tasks.delete(task);
      if (!this.#stop.signal.aborted) this.#check();
    });
    this.#tasks.add(task);
  }

  async #try(candidate: DrawCandidate): Promise<void> {
    const { signal } = this.#stop;
    try {
      const addresses = await candidate.addresses.resolve(signal);
      if (signal.aborted || this.#offer(candidate.spec, addresses)) return;
    } catch (error) {
      if (signal.aborted) return;
      candidate.onUnresolved(error);
    }
    this.#startNext();
  }

  /** Whether the candidate filled a place. */
  #offer(spec: HostPort, addresses: readonly string[]): boolean {
    const used = [...this.#options.exclude, ...this.#taken].map(({ endpoint }) => endpoint);
    const fresh = addresses.find((address) => !used.some((one) => one.address === address));
    if (fresh !== undefined && this.#taken.length < this.#options.count) {
      this.#taken.push({ spec, endpoint: { address: fresh, port: spec.port } });
      return true;
    }
    for (const address of addresses) this.#spare.push({ spec, endpoint: { address, port: spec.port } });
    return false;
  }

  /** Ends the draw if there is enough, or nothing to hope for. */
  #check(): void {
    const { count, clock, exclude, mayRepeatHosts } = this.#options;
    if (this.#tasks.size === 0 && this.#queue.length === 0) {
      for (const spare of mayRepeatHosts ? this.#spare : []) {
        if (this.#taken.length >= count) break;
        const used = [...exclude, ...this.#taken];
        if (!used.some(({ endpoint }) => isSameEndpoint(endpoint, spare.endpoint))) this.#taken.push(spare);
      }
      return this.#done.resolve();
    }
    if (this.#taken.length >= count) return this.#done.resolve();
    if (this.#taken.length === 0 || this.#isGraceOn) return;
    this.#isGraceOn = true;
    this.#timers.use(clock.schedule(GRACE_MS, () => this.#done.resolve()));
  }
}
