import type { Clock } from "../core/clock.ts";
import { formatEndpoint } from "../core/endpoint.ts";
import type { Logger } from "../core/log.ts";
import type { ClientRecord } from "./forwarder.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Lines at once, then per second: a scan of the internet must not fill a disk, and a friend must be seen. */
const BURST_LINES = 10;
const LINES_PER_SECOND = 1;
/** Hidden lines are counted and told after this. */
const SUMMARY_MS = 10_000;

/** Where lines about clients go, and how often. */
export interface ClientLogOptions<T> {
  readonly clock: Clock;
  /** Writes one. */
  readonly show: (record: T) => void;
  /** Says how many were not written. */
  readonly more: (hidden: number) => void;
}

/**
 * Thins out the lines about one tunnel's clients: ten at once, then one per second, and a count of the others.
 * Disposing tells the last count.
 */
export class ClientLog<T> implements Disposable {
  readonly #options: ClientLogOptions<T>;
  readonly #bucket: TokenBucket;
  #hidden = 0;
  #timer: Disposable | undefined;

  constructor(options: ClientLogOptions<T>) {
    this.#options = options;
    this.#bucket = new TokenBucket(LINES_PER_SECOND, options.clock.now(), BURST_LINES);
  }

  /** Writes the record's line, or counts it. */
  note(record: T): void {
    const { clock, show } = this.#options;
    if (this.#bucket.take(1, clock.now()) === 1) return show(record);
    this.#hidden++;
    this.#timer ??= clock.schedule(SUMMARY_MS, () => this.#summarize());
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#summarize();
  }

  #summarize(): void {
    this.#timer = undefined;
    const hidden = this.#hidden;
    this.#hidden = 0;
    if (hidden > 0) this.#options.more(hidden);
  }
}

/** A {@linkcode ClientLog} that writes to a logger: who, through which endpoint, how much, how long, how it ended. */
export function openClientLog(
  log: Logger,
  options: { readonly name: string; readonly clock: Clock },
): ClientLog<ClientRecord> {
  const { name, clock } = options;
  return new ClientLog({
    clock,
    show: ({ state, client, local, target, bytesIn, bytesOut, durationMs, reason }) =>
      log.info(`Client ${state}`, {
        tunnel: name,
        client: formatEndpoint(client),
        ...(local && { local: formatEndpoint(local) }),
        ...(target && { target: formatEndpoint(target) }),
        ...(bytesIn !== undefined && { bytesIn }),
        ...(bytesOut !== undefined && { bytesOut }),
        ...(durationMs !== undefined && { durationMs }),
        ...(reason !== undefined && { reason }),
      }),
    more: (hidden) => log.info(`${hidden} more lines about clients not shown`, { tunnel: name }),
  });
}
