import type { Family, HostPort } from "../core/endpoint.ts";
import type { Net } from "../core/net.ts";

/** One resolution under way. */
interface Query {
  readonly promise: Promise<void>;
  readonly stop: AbortController;
  waiters: number;
}

/**
 * The addresses of one server name: resolved when first needed, kept while one of them works, resolved again
 * after all of them failed. Callers waiting at the same time share one query.
 */
export class ServerAddresses {
  readonly #spec: HostPort;
  readonly #family: Family;
  readonly #net: Net;
  #known: readonly string[] | undefined;
  readonly #failed = new Set<string>();
  #query: Query | undefined;

  constructor(options: { readonly spec: HostPort; readonly family: Family; readonly net: Net }) {
    this.#spec = options.spec;
    this.#family = options.family;
    this.#net = options.net;
  }

  /** Addresses that have not failed since they were resolved, best first; `undefined` while none is known. */
  get usable(): readonly string[] | undefined {
    return this.#known?.filter((address) => !this.#failed.has(address));
  }

  /** Notes that an address works, and with it those that failed before. */
  markGood(address: string): void {
    this.#failed.clear();
    const known = this.#known;
    if (known?.includes(address)) this.#known = [address, ...known.filter((one) => one !== address)];
  }

  /** Notes that an address does not answer; after the last one the name will be resolved again. */
  markFailed(address: string): void {
    if (!this.#known?.includes(address)) return;
    this.#failed.add(address);
    if (this.#failed.size < this.#known.length) return;
    this.#failed.clear();
    this.#known = undefined;
  }

  /**
   * The usable addresses, resolving the name if none is known. The query ends when the last waiting caller
   * has gone.
   *
   * @throws {ResolveError} If the name does not resolve.
   * @throws `signal.reason` if aborted.
   */
  async resolve(signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    if (this.usable !== undefined) return this.usable;
    const query = this.#query ??= this.#start();
    query.waiters++;
    const aborted = Promise.withResolvers<never>();
    const leave = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      await Promise.race([query.promise, aborted.promise]);
      return this.usable ?? [];
    } finally {
      signal.removeEventListener("abort", leave);
      if (--query.waiters === 0) query.stop.abort(signal.reason);
    }
  }

  #start(): Query {
    const stop = new AbortController();
    const promise = this.#ask(stop.signal).finally(() => {
      if (this.#query?.promise === promise) this.#query = undefined;
    });
    // Every waiter may have left before the query ends; nobody needs its failure then.
    promise.catch(() => {});
    stop.signal.addEventListener("abort", () => {
      if (this.#query?.promise === promise) this.#query = undefined;
    });
    return { promise, stop, waiters: 0 };
  }

  async #ask(signal: AbortSignal): Promise<void> {
    this.#known = [...new Set(await this.#net.resolve(this.#spec.host, this.#family, signal))];
  }
}
