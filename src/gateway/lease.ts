import { backoffMs } from "../core/backoff.ts";
import { openDeadline } from "../core/deadline.ts";
import { type Endpoint, isSameEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { GatewayWay, Protocol } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import { GatewayError } from "./errors.ts";
import type { MapRequest } from "./mapper.ts";
import { PCP_NONCE_BYTES } from "./pcp_message.ts";
import type { Router, RouterGrant } from "./router.ts";

/** What one router on the way does for a port. */
export interface LeaseHop {
  /** Address of the router. */
  readonly router: string;
  /** The protocol it was asked by. */
  readonly way: GatewayWay;
  /** Its own address on the far side; absent if it did not say. */
  readonly externalAddress?: string | undefined;
  /** Its port there. */
  readonly externalPort: number;
  /** The port that was asked for there: another one is useful only if it sends our own packets out by it as well. */
  readonly wantedPort: number;
  /** How long, without renewal; `Infinity` where the router knows no lifetimes. */
  readonly lifetimeSeconds: number;
}

/** How it stands with a port that routers are asked for. */
export type LeaseState =
  | { readonly kind: "asking" }
  /** The nearest router first. */
  | { readonly kind: "granted"; readonly hops: readonly LeaseHop[] }
  /** It is tried again. */
  | { readonly kind: "failing"; readonly error: GatewayError };

/** Options for {@linkcode GatewayLease}. */
export interface LeaseOptions {
  readonly protocol: Protocol;
  /** What is bound on this host. */
  readonly internal: Endpoint;
  /** Told of each change that somebody could notice; must not throw. */
  readonly onChange?: ((state: LeaseState) => void) | undefined;
  readonly platform: Platform;
  /** The routers to ask, the nearest one first. */
  readonly findRouters: (signal: AbortSignal) => Promise<readonly Router[]>;
}

/** Long enough for one exchange in five minutes, short enough for a crash to leave nothing behind. */
const LIFETIME_SECONDS = 600;
/** What lasts for ever is looked after all the same. */
const LONGEST_WAIT_MS = 1_800_000;
/** A router that gives less than this would be asked all the time. */
const SHORTEST_WAIT_MS = 5_000;
/** It restarts within a minute or two, and then everybody waits. */
const RETRY_HELD = { firstMs: 2_000, maxMs: 60_000 } as const;
/** There was nothing yet; perhaps somebody switches it on. */
const RETRY_NEW = { firstMs: 5_000, maxMs: 600_000 } as const;
/** A refusal by PCP may name half an hour; the user may have changed the router meanwhile. */
const LONGEST_REFUSAL_MS = 300_000;
/** The process wants to end. */
const REMOVAL_LIMIT_MS = 1_000;

interface Hold {
  readonly router: Router;
  readonly request: MapRequest;
  readonly grant: RouterGrant;
  readonly watch: Disposable;
}

/**
 * One port at the routers on the way, asked for until disposed: renewed at half of its life, asked for anew when a
 * router has restarted, tried again with growing pauses when that fails. Disposing gives it back, within a second.
 */
export class GatewayLease implements AsyncDisposable {
  readonly #options: LeaseOptions;
  readonly #ended = new AbortController();
  readonly #nonces: Uint8Array[] = [];
  readonly #settling = new Set<() => void>();
  readonly #running: Promise<void>;
  #holds: readonly Hold[] = [];
  #state: LeaseState = { kind: "asking" };
  /** Instead of the internal port, at the last router. */
  #wantedPort: number | undefined;
  #isNudged = false;
  #wake: (() => void) | undefined;

  /** Starts asking. */
  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#running = this.#run(this.#ended.signal);
  }

  /** How it stands now. */
  get state(): LeaseState {
    return this.#state;
  }

  /** Waits for the first grant or failure. @throws `signal.reason` if aborted. */
  async settled(signal: AbortSignal): Promise<LeaseState> {
    while (this.#state.kind === "asking" && !this.#ended.signal.aborted) {
      signal.throwIfAborted();
      const told = Promise.withResolvers<void>();
      const stop = (): void => told.reject(signal.reason);
      signal.addEventListener("abort", stop, { once: true });
      this.#settling.add(told.resolve);
      await told.promise.finally(() => {
        signal.removeEventListener("abort", stop);
        this.#settling.delete(told.resolve);
      });
    }
    return this.#state;
  }

  /**
   * The last router shall let this port in instead of the internal one; `undefined`: the internal one again. What it
   * let in before is given back.
   */
  retarget(externalPort: number | undefined): void {
    if (externalPort === this.#wantedPort) return;
    this.#wantedPort = externalPort;
    this.#enter({ kind: "asking" });
    this.renew();
  }

  /** Asks again now: there was a sign that a router forgot it. */
  renew(): void {
    this.#isNudged = true;
    this.#wake?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new DOMException("The port is not wanted any more", "AbortError"));
    await this.#running;
    for (const resolve of this.#settling) resolve();
    await this.#giveBack(this.#holds);
    this.#holds = [];
  }

  /** Never rejects. */
  async #run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      let waitMs: number;
      try {
        this.#isNudged = false;
        await this.#ask(signal);
        failures = 0;
        waitMs = this.#renewalMs();
      } catch (error) {
        if (signal.aborted) return;
        waitMs = this.#pauseMs(this.#fail(error), ++failures);
      }
      await this.#wait(waitMs, signal);
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { internal, findRouters } = this.#options;
    const routers = await findRouters(signal);
    const hops: Hold[] = [];
    let { address: client, port } = internal;
    for (const [i, router] of routers.entries()) {
      const isLast = i === routers.length - 1;
      const old = this.#holds.find((hold) => hold.router === router);
      try {
        const hold = await this.#askOne(
          router,
          { client, port, isLast, nonce: this.#nonceOf(i), old },
          signal,
        );
        old?.watch[Symbol.dispose]();
        this.#holds = [...this.#holds.filter((one) => one !== old), hold];
        hops.push(hold);
        client = hold.grant.externalAddress ?? client;
        port = hold.grant.externalPort;
      } catch (error) {
        // One that lets everything in does not answer either; what stands above it is asked all the same.
        if (isLast || signal.aborted) throw error;
        this.#options.platform.log.debug("A router on the way opens nothing", {
          reason: errorMessage(error),
        });
        client = await router.externalAddress(signal).catch(() => undefined) ?? client;
        signal.throwIfAborted();
      }
    }
    const left = this.#holds.filter(({ router }) => !routers.includes(router));
    this.#holds = this.#holds.filter(({ router }) => routers.includes(router));
    await this.#giveBack(left);
    signal.throwIfAborted();
    this.#enter({ kind: "granted", hops: hops.map(hopOf) });
  }

  async #askOne(
    router: Router,
    asked: {
      readonly client: string;
      readonly port: number;
      readonly isLast: boolean;
      readonly nonce: Uint8Array;
      readonly old: Hold | undefined;
    },
    signal: AbortSignal,
  ): Promise<Hold> {
    const { client, port, isLast, nonce, old } = asked;
    const request: MapRequest = {
      protocol: this.#options.protocol,
      client,
      internalPort: port,
      externalPort: (isLast ? this.#wantedPort : undefined) ?? port,
      lifetimeSeconds: LIFETIME_SECONDS,
      nonce,
    };
    if (old !== undefined && !isAlike(old.request, request)) {
      // A router keeps to the port that it gave before, whatever is asked for now.
      await router.unmap(old.request, old.grant, signal).catch(() => signal.throwIfAborted());
    }
    const grant = await router.map(request, { way: old?.grant.way, signal });
    const onForgotten = (): void => this.renew();
    return { router, request, grant, watch: router.hold(request, grant, onForgotten) };
  }

  /** A mapping belongs to whoever knows its nonce (RFC 6887, section 11.1). */
  #nonceOf(index: number): Uint8Array {
    return this.#nonces[index] ??= this.#options.platform.random.bytes(PCP_NONCE_BYTES);
  }

  #fail(error: unknown): GatewayError {
    const known = error instanceof GatewayError
      ? error
      : new GatewayError(errorMessage(error), { fault: "silent", cause: error });
    this.#enter({ kind: "failing", error: known });
    return known;
  }

  #enter(state: LeaseState): void {
    const before = this.#state;
    this.#state = state;
    for (const resolve of this.#settling) resolve();
    if (isSameState(before, state)) return;
    this.#options.onChange?.(state);
  }

  #renewalMs(): number {
    const seconds = Math.min(...this.#holds.map(({ grant }) => grant.lifetimeSeconds));
    const { random } = this.#options.platform;
    const halfMs = seconds * 500 * (0.9 + random.fraction() / 10);
    return Math.max(SHORTEST_WAIT_MS, Math.min(halfMs, LONGEST_WAIT_MS));
  }

  #pauseMs(error: GatewayError, failures: number): number {
    const { random } = this.#options.platform;
    const isHeld = this.#holds.length > 0;
    const waitMs = backoffMs(failures, random, isHeld ? RETRY_HELD : RETRY_NEW);
    return Math.max(waitMs, Math.min(error.retryAfterMs ?? 0, LONGEST_REFUSAL_MS));
  }

  /** Until it is time, or there is a reason; never rejects. */
  async #wait(waitMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#isNudged) return;
    const done = Promise.withResolvers<void>();
    this.#wake = done.resolve;
    signal.addEventListener("abort", () => done.resolve(), { once: true });
    using _timer = this.#options.platform.clock.schedule(waitMs, done.resolve);
    await done.promise;
    this.#wake = undefined;
  }

  async #giveBack(holds: readonly Hold[]): Promise<void> {
    if (holds.length === 0) return;
    const { clock, log } = this.#options.platform;
    using deadline = openDeadline(REMOVAL_LIMIT_MS, { clock });
    await Promise.all(holds.map(async ({ router, request, grant, watch }) => {
      watch[Symbol.dispose]();
      try {
        await router.unmap(request, grant, deadline.signal);
      } catch (error) {
        const reason = errorMessage(error);
        log.debug("A router keeps the port until its lease ends", { router: router.address, reason });
      }
    }));
  }
}

function hopOf({ router, request, grant }: Hold): LeaseHop {
  const { way, externalAddress, externalPort, lifetimeSeconds } = grant;
  const wantedPort = request.externalPort;
  return { router: router.address, way, externalAddress, externalPort, wantedPort, lifetimeSeconds };
}

function isAlike(a: MapRequest, b: MapRequest): boolean {
  return a.externalPort === b.externalPort &&
    isSameEndpoint({ address: a.client, port: a.internalPort }, { address: b.client, port: b.internalPort });
}

/** Renewals, and the same failure again, are no news. */
function isSameState(a: LeaseState, b: LeaseState): boolean {
  if (a.kind === "granted" && b.kind === "granted") {
    const keyOf = (hop: LeaseHop): string =>
      JSON.stringify([hop.router, hop.way, hop.externalAddress, hop.externalPort]);
    return a.hops.length === b.hops.length &&
      a.hops.every((hop, i) => keyOf(hop) === keyOf(b.hops[i] ?? hop));
  }
  if (a.kind === "failing" && b.kind === "failing") return a.error.message === b.error.message;
  return a.kind === b.kind;
}
