import { openDeadline } from "../core/deadline.ts";
import type { Endpoint, HostPort } from "../core/endpoint.ts";
import { errorCode } from "../core/errors.ts";
import type { Protocol } from "../core/mapping.ts";
import type { BindOptions } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import { isUsableAlternate } from "./binding.ts";
import { NoStunServerError, type StunServerFailure, StunTimeoutError } from "./errors.ts";
import { type BindingResult, requestBinding } from "./request_binding.ts";
import type { StunServer, StunServerList, TakeOptions } from "./server_list.ts";

/** Options for {@linkcode lookUpReflexive}. */
export interface LookUpOptions extends BindOptions {
  readonly platform: Platform;
  readonly protocol: Protocol;
  readonly servers: StunServerList;
  /** The internal endpoint of the mapping. */
  readonly local: Endpoint;
  /** Servers asked from the start; with 1 there is no second opinion. @default {2} */
  readonly opinions?: 1 | 2 | undefined;
  /** Addresses of servers that are not to be asked at all. @default {[]} */
  readonly avoid?: readonly string[] | undefined;
  /** @default {true} */
  readonly reusePort?: boolean | undefined;
  /** After this long without an answer as many servers again are asked besides. @default {500} */
  readonly hedgeMs?: number | undefined;
  /** Limit of the whole lookup. @default {10_000} */
  readonly timeoutMs?: number | undefined;
  /** How long a second opinion may take after the first answer. @default {600} */
  readonly secondWithinMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Two opinions on one internal endpoint. */
export interface Lookup {
  /** The answer that came first. */
  readonly first: BindingResult;
  /**
   * Another server's answer, from another address where there is one; `undefined` if none came in time. Never
   * rejects; all sockets are closed when it settles.
   */
  readonly second: Promise<BindingResult | undefined>;
}

/** Limit for one server; four UDP requests fit into it. */
const SERVER_TIMEOUT_MS = 5000;
/** Refusals of our own kernel that every server would meet: asking more of them is pointless. */
const LOCAL_FAULTS: ReadonlySet<string> = new Set([
  "EACCES",
  "EADDRINUSE",
  "EMFILE",
  "ENETDOWN",
  "ENFILE",
  "ENODEV",
]);
/** Refusals that say nothing about the server, though another one may fare better. */
const BLAMELESS: ReadonlySet<string> = new Set([...LOCAL_FAULTS, "EADDRNOTAVAIL", "ENETUNREACH", "EPERM"]);

/**
 * Asks which external endpoint `local` has: two servers at once, the first answer wins, the second is kept as a
 * second opinion. A server that fails is replaced at once, slow ones get company; no address is asked
 * twice. With one server only, the second opinion comes from its alternate address (RFC 5780) or from another
 * address of its name. Reports to `servers` who answered and who did not.
 *
 * @throws {NoStunServerError} If nobody answered.
 * @throws `signal.reason`, unchanged, if aborted before the first answer; everything is closed by then.
 */
export async function lookUpReflexive(options: LookUpOptions): Promise<Lookup> {
  options.signal?.throwIfAborted();
  const run = new LookupRun(options);
  const ended = run.run();
  const first = await Promise.race([run.first, ended]);
  if (first !== undefined) return { first, second: ended.then(() => run.second) };
  options.signal?.throwIfAborted();
  throw new NoStunServerError(run.failures);
}

class LookupRun {
  readonly failures: StunServerFailure[] = [];
  second: BindingResult | undefined;
  readonly #options: LookUpOptions;
  readonly #first: PromiseWithResolvers<BindingResult> = Promise.withResolvers();
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #stop = new AbortController();
  readonly #tasks = new Set<Promise<void>>();
  readonly #timers = new DisposableStack();
  readonly #asked: StunServer[] = [];
  /** Servers that have not answered yet, and since when they are asked. */
  readonly #active = new Map<StunServer, number>();
  readonly #unresolved = new Set<HostPort>();
  #answered: { readonly server: StunServer; readonly result: BindingResult } | undefined;
  #alternate: StunServer | undefined;
  readonly #opinions: 1 | 2;
  #wanted: number;
  #hasHedged = false;
  #isDrawing = false;
  #mayDraw = false;
  #isDoomed = false;

  constructor(options: LookUpOptions) {
    this.#options = options;
    this.#opinions = options.opinions ?? 2;
    this.#wanted = this.#opinions;
  }

  get first(): Promise<BindingResult> {
    return this.#first.promise;
  }

  /** Resolves after everything is closed. */
  async run(): Promise<undefined> {
    const { platform, signal, timeoutMs = 10_000 } = this.#options;
    using deadline = openDeadline(timeoutMs, { clock: platform.clock, signal });
    deadline.signal.addEventListener("abort", () => this.#ended.resolve(), { once: true });
    this.#scheduleHedge();
    this.#fill();
    try {
      await this.#ended.promise;
      if (!signal?.aborted) this.#reportSilent();
    } finally {
      this.#timers.dispose();
      this.#stop.abort(new DOMException("The lookup has ended", "AbortError"));
      while (this.#tasks.size > 0) await Promise.all(this.#tasks);
    }
    return undefined;
  }

  #spawn(work: Promise<void>): void {
    const task = work.catch((error) => this.#ended.reject(error)).finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  get #hedgeMs(): number {
    return this.#options.hedgeMs ?? 500;
  }

  #scheduleHedge(): void {
    this.#timers.use(this.#options.platform.clock.schedule(this.#hedgeMs, () => {
      // Those asked before are overdue by now and do not count any more: as many again, so that a list of
      // mostly dead servers is through in two or three rounds.
      this.#wanted = this.#answered === undefined ? Math.max(1, this.#asked.length) : 1;
      this.#hasHedged = true;
      this.#fill();
      this.#scheduleHedge();
    }));
  }

  /** How many may still be expected to answer soon. */
  get #promising(): number {
    const now = this.#options.platform.clock.now();
    return [...this.#active.values()].filter((sinceMs) => now - sinceMs < this.#hedgeMs).length;
  }

  /** Asks more servers until there are as many promising ones as wanted, or none is left. */
  #fill(): void {
    this.#mayDraw = true;
    if (!this.#isDrawing) this.#spawn(this.#drawAndAsk());
  }

  async #drawAndAsk(): Promise<void> {
    const { signal } = this.#stop;
    this.#isDrawing = true;
    while (this.#mayDraw && !signal.aborted && !this.#isDoomed && this.#promising < this.#wanted) {
      // Whatever happens while names are resolved (an answer, a failure) asks for another round.
      this.#mayDraw = false;
      const drawn = await this.#draw(this.#wanted - this.#promising);
      if (signal.aborted) break;
      for (const server of drawn) this.#ask(server);
      this.#mayDraw ||= drawn.length > 0;
    }
    this.#isDrawing = false;
    if (this.#active.size === 0) this.#ended.resolve();
  }

  /** Other hosts first, then what RFC 5780 offers, then further addresses of the hosts already asked. */
  async #draw(count: number): Promise<readonly StunServer[]> {
    const { avoid = [] } = this.#options;
    const avoided = avoid.map((address): StunServer => {
      const endpoint = { address, port: 0 };
      return { spec: { host: address, port: 0 }, endpoint };
    });
    const options = {
      exclude: [...avoided, ...this.#asked],
      skip: this.#unresolved,
      signal: this.#stop.signal,
      onUnresolved: (server: HostPort, error: unknown): void => {
        this.#unresolved.add(server);
        this.failures.push({ server, error });
      },
    };
    const others = await this.#take(count, { ...options, mayRepeatHosts: false });
    if (others.length > 0) return others;
    const alternate = this.#findAlternate();
    if (alternate !== undefined) return [alternate];
    // Repeated hosts could be those to be avoided, at another port.
    if (avoid.length > 0) return [];
    const isPatient = this.#answered === undefined && this.#active.size > 0 && !this.#hasHedged;
    return isPatient ? [] : await this.#take(count, { ...options, mayRepeatHosts: true });
  }

  async #take(count: number, options: TakeOptions): Promise<readonly StunServer[]> {
    try {
      return await this.#options.servers.take(count, options);
    } catch (error) {
      if (this.#stop.signal.aborted) return [];
      throw error;
    }
  }

  #findAlternate(): StunServer | undefined {
    const endpoint = this.#answered?.result.otherAddress;
    if (this.#answered === undefined || endpoint === undefined || this.#alternate !== undefined) {
      return undefined;
    }
    const isAsked = this.#asked.some((one) => one.endpoint.address === endpoint.address);
    if (isAsked || !isUsableAlternate(this.#answered.result.server, endpoint)) return undefined;
    this.#alternate = { spec: this.#answered.server.spec, endpoint };
    return this.#alternate;
  }

  #ask(server: StunServer): void {
    this.#asked.push(server);
    this.#active.set(server, this.#options.platform.clock.now());
    this.#spawn(this.#exchange(server));
  }

  async #exchange(server: StunServer): Promise<void> {
    const { platform, protocol, local, device, mark, reusePort = true } = this.#options;
    const signal = this.#stop.signal;
    try {
      const result = await requestBinding({
        platform,
        protocol,
        server: server.endpoint,
        local,
        device,
        mark,
        reusePort,
        timeoutMs: SERVER_TIMEOUT_MS,
        signal,
      });
      if (!signal.aborted) this.#takeAnswer(server, result);
    } catch (error) {
      if (!signal.aborted) this.#takeFailure(server, error);
    }
  }

  #takeAnswer(server: StunServer, result: BindingResult): void {
    const { servers, platform, secondWithinMs = 600 } = this.#options;
    this.#active.delete(server);
    if (server !== this.#alternate) servers.reportAnswer(server, result.rttMs);
    if (this.#answered !== undefined) {
      this.second = result;
      return this.#ended.resolve();
    }
    this.#answered = { server, result };
    this.#wanted = 1;
    this.#first.resolve(result);
    if (this.#opinions === 1) return this.#ended.resolve();
    this.#timers.use(platform.clock.schedule(secondWithinMs, () => this.#ended.resolve()));
    this.#fill();
  }

  #takeFailure(server: StunServer, error: unknown): void {
    this.#active.delete(server);
    this.failures.push({ server: server.spec, endpoint: server.endpoint, error });
    const code = errorCode(error) ?? "";
    if (server !== this.#alternate && !BLAMELESS.has(code)) {
      this.#options.servers.reportFailure(server, error);
    }
    if (LOCAL_FAULTS.has(code)) this.#isDoomed = true;
    this.#fill();
  }

  /** Who was asked for long and said nothing has failed too, though nobody waits for him any more. */
  #reportSilent(): void {
    const now = this.#options.platform.clock.now();
    for (const [server, sinceMs] of this.#active) {
      if (now - sinceMs < this.#hedgeMs) continue;
      const error = new StunTimeoutError(server.endpoint, 1);
      this.failures.push({ server: server.spec, endpoint: server.endpoint, error });
      if (server !== this.#alternate) this.#options.servers.reportFailure(server, error);
    }
  }
}
