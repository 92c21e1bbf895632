import { orAborted } from "../core/aborting.ts";
import { scopeOf } from "../core/address_scope.ts";
import { errorMessage } from "../core/errors.ts";
import { Gate } from "../core/gate.ts";
import type { GatewayWay } from "../core/mapping.ts";
import { TaskGroup } from "../core/task_group.ts";
import { GatewayError, moreTelling } from "./errors.ts";
import { findMappers } from "./find_mappers.ts";
import type { MapGrant, Mapper, MapRequest, RouterLink } from "./mapper.ts";

/** Options for {@linkcode Router}. */
export interface RouterOptions {
  readonly link: RouterLink;
  /** Protocols that may be used, the best one first. */
  readonly ways: readonly GatewayWay[];
  /** It is in our own network. */
  readonly isNear: boolean;
}

/** What a router gave, and by which protocol. */
export interface RouterGrant extends MapGrant {
  readonly way: GatewayWay;
}

/** A port that is in use. */
interface Held {
  readonly request: MapRequest;
  readonly grant: RouterGrant;
}

/** Requests of all tunnels at a time: routers are small machines. */
const REQUESTS_AT_ONCE = 4;
/** So late, at most, a restart of the router is noticed; one small datagram, or one request for all tunnels. */
const CHECK_MS = 15_000;
/** A router that does not answer so often, the later times soon, has restarted, or does so now. */
const SILENT_CHECKS = 2;
const CHECK_AGAIN_MS = 2_000;
/** Tunnels that ask soon after each other get the answer of the first one. */
const SILENCE_MEMORY_MS = 5_000;

/** One router, asked on behalf of all tunnels that go through it. Disposing ends what is under way. */
export class Router implements AsyncDisposable {
  readonly #options: RouterOptions;
  readonly #group = new TaskGroup();
  readonly #requests = new Gate(REQUESTS_AT_ONCE);
  readonly #held = new Set<Held>();
  readonly #listeners = new Set<() => void>();
  #mappers: readonly Mapper[] = [];
  /** Every protocol was waited for. */
  #isComplete = false;
  #finding: Promise<readonly Mapper[]> | undefined;
  #silence: { readonly untilMs: number; readonly error: unknown } | undefined;
  #timer: Disposable | undefined;
  /** Runs for a while after an epoch told of a restart. */
  #epochPause: Disposable | undefined;
  #isToldAgain = false;
  #silentChecks = 0;
  #turn = 0;

  /** Asks nothing. */
  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /** Canonical. */
  get address(): string {
    return this.#options.link.router;
  }

  /**
   * Its own address on its far side; `undefined` if it has none, or does not say before a port is open.
   *
   * @throws {GatewayError} If it does not answer.
   */
  async externalAddress(signal: AbortSignal): Promise<string | undefined> {
    let failure: GatewayError | undefined;
    for (const mapper of await this.#find({ waitsForAll: true, signal })) {
      try {
        const address = await mapper.externalAddress(signal);
        if (address !== undefined) return address;
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        failure = moreTelling(failure, error);
      }
    }
    if (failure !== undefined && failure.fault !== "refused") throw failure;
    return undefined;
  }

  /**
   * Asks for a port by the best protocol that gives it.
   *
   * @param how `way`: the one that it was given by before, which is tried first.
   * @throws {GatewayError} That of the protocol that says most.
   */
  async map(
    request: MapRequest,
    how: { readonly way?: GatewayWay | undefined; readonly signal: AbortSignal },
  ): Promise<RouterGrant> {
    const { way, signal } = how;
    const refused = new Set<GatewayWay>();
    const silent = new Set<GatewayWay>();
    let failure: GatewayError | undefined;
    for (const waitsForAll of [false, true]) {
      const mappers = await this.#find({ waitsForAll, signal });
      // One that was there and did not answer to this may never do so: the others first.
      const rankOf = (one: Mapper): number => silent.has(one.way) ? 2 : one.way === way ? 0 : 1;
      const order = mappers.toSorted((a, b) => rankOf(a) - rankOf(b));
      for (const mapper of order.filter((one) => !refused.has(one.way))) {
        try {
          const grant = await this.#requests.run(() => mapper.map(request, signal), signal);
          return { ...grant, way: mapper.way };
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
          failure = moreTelling(failure, error);
          // What answered earlier may be gone: the router restarted, and its HTTP port is another one.
          if (error.fault === "silent") {
            silent.add(mapper.way);
            this.#forget(mapper);
          } else refused.add(mapper.way);
        }
      }
    }
    throw await this.#explain(
      failure ?? new GatewayError("no answer", { fault: "silent", router: this.address }),
      signal,
    );
  }

  /**
   * Gives a port back. An abort ends the wait only: many ports at a slow router take their time, and as long as others
   * use the router there is time.
   *
   * @throws {GatewayError} If it could not.
   */
  async unmap(request: MapRequest, grant: RouterGrant, signal: AbortSignal): Promise<void> {
    const mapper = this.#mappers.find(({ way }) => way === grant.way);
    if (mapper === undefined) return;
    const done = Promise.withResolvers<void>();
    // Nobody may be waiting any more when it fails.
    done.promise.catch(() => {});
    this.#group.spawn(async (ended) => {
      const giveBack = async (): Promise<void> => {
        if (!this.#isTaken(request, grant)) await mapper.unmap(request, grant, ended);
      };
      await this.#requests.run(giveBack, ended).then(done.resolve, done.reject);
    });
    await orAborted(done.promise, signal);
  }

  /** Somebody else of us has got the same port meanwhile. */
  #isTaken(request: MapRequest, { externalPort }: RouterGrant): boolean {
    return this.#held.values().some((held) =>
      held.request !== request && held.request.protocol === request.protocol &&
      held.grant.externalPort === externalPort
    );
  }

  /** Watches over a port, with others, until disposed; `onForgotten` is told when the router seems to have lost it. */
  hold(request: MapRequest, grant: RouterGrant, onForgotten: () => void): Disposable {
    const held: Held = { request, grant };
    this.#held.add(held);
    this.#listeners.add(onForgotten);
    this.#schedule();
    return {
      [Symbol.dispose]: (): void => {
        this.#held.delete(held);
        this.#listeners.delete(onForgotten);
        if (this.#held.size > 0) return;
        this.#timer?.[Symbol.dispose]();
        this.#timer = undefined;
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#epochPause?.[Symbol.dispose]();
    await this.#group[Symbol.asyncDispose]();
  }

  /** miniupnpd calls it "out of resources", or 501, when it opens nothing because it has no public address itself. */
  async #explain(failure: GatewayError, signal: AbortSignal): Promise<GatewayError> {
    if (!failure.isVague) return failure;
    let address: string | undefined;
    try {
      address = await this.externalAddress(signal);
    } catch {
      signal.throwIfAborted();
      return failure;
    }
    if (address !== undefined && scopeOf(address) === "global") return failure;
    const named = address === undefined ? "" : ` (${address})`;
    const hint = `perhaps because its own far side${named} is no public address: miniupnpd wants ext_ip then`;
    return new GatewayError(`${failure.reason}; ${hint}`, failure);
  }

  async #find(
    { waitsForAll, signal }: { readonly waitsForAll: boolean; readonly signal: AbortSignal },
  ): Promise<readonly Mapper[]> {
    if (this.#mappers.length > 0 && (this.#isComplete || !waitsForAll)) return this.#mappers;
    const { clock } = this.#options.link.platform;
    if (this.#silence !== undefined && clock.now() < this.#silence.untilMs) throw this.#silence.error;
    do {
      this.#finding ??= this.#probe(waitsForAll).finally(() => this.#finding = undefined);
      await orAborted(this.#finding, signal);
      // Somebody else's search may have been in less depth.
    } while (waitsForAll && !this.#isComplete);
    return this.#mappers;
  }

  /** For everybody who waits; ends with the router. */
  async #probe(waitsForAll: boolean): Promise<readonly Mapper[]> {
    const { link, ways, isNear } = this.#options;
    const done = Promise.withResolvers<readonly Mapper[]>();
    this.#group.spawn(async (signal) => {
      try {
        const onForgotten = (): void => this.#onEpoch();
        const found = await findMappers(link, { ways, isNear, waitsForAll, onForgotten, signal });
        // One that is known already knows the epoch too.
        this.#mappers = found.map((one) => this.#mappers.find(({ way }) => way === one.way) ?? one);
        this.#isComplete = waitsForAll;
        this.#silence = undefined;
        done.resolve(this.#mappers);
      } catch (error) {
        if (!signal.aborted) {
          this.#silence = { untilMs: link.platform.clock.now() + SILENCE_MEMORY_MS, error };
        }
        done.reject(error);
      }
    });
    return await done.promise;
  }

  #forget(mapper: Mapper): void {
    this.#mappers = this.#mappers.filter((one) => one !== mapper);
    this.#isComplete = false;
  }

  /** A router whose epochs make no sense "restarts" with every answer; each telling makes us ask, so they have pauses. */
  #onEpoch(): void {
    const { link: { platform: { clock } } } = this.#options;
    this.#isToldAgain = this.#epochPause !== undefined;
    if (this.#isToldAgain || this.#group.signal.aborted) return;
    this.#epochPause = clock.schedule(CHECK_MS, () => {
      this.#epochPause = undefined;
      if (this.#isToldAgain) this.#onEpoch();
    });
    this.#tellForgotten();
  }

  #tellForgotten(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#held.size === 0 || this.#group.signal.aborted) return;
    const pauseMs = this.#silentChecks === 0 ? CHECK_MS : CHECK_AGAIN_MS;
    this.#timer = this.#options.link.platform.clock.schedule(pauseMs, () => {
      this.#group.spawn(async (signal) => {
        await this.#check(signal);
        this.#timer = undefined;
        this.#schedule();
      });
    });
  }

  /** One port for each protocol in use, in turn. */
  async #check(signal: AbortSignal): Promise<void> {
    this.#turn++;
    const ways = new Set([...this.#held].map(({ grant }) => grant.way));
    for (const way of ways) {
      const inUse = [...this.#held].filter(({ grant }) => grant.way === way);
      const held = inUse[this.#turn % Math.max(1, inUse.length)];
      const mapper = this.#mappers.find((one) => one.way === way);
      if (held === undefined || mapper === undefined) continue;
      try {
        await mapper.check(held, signal);
        this.#silentChecks = 0;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        // That it says no shows that it is there.
        if (error instanceof GatewayError && error.fault !== "silent") continue;
        this.#onSilence(mapper, error);
      }
    }
  }

  #onSilence(mapper: Mapper, error: unknown): void {
    const { link: { platform: { log } } } = this.#options;
    log.debug("The router does not answer", { router: this.address, reason: errorMessage(error) });
    if (++this.#silentChecks < SILENT_CHECKS) return;
    this.#silentChecks = 0;
    this.#forget(mapper);
    this.#tellForgotten();
  }
}
