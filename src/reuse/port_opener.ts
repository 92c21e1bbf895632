import { SystemError } from "../../ffi/mod.ts";
import { type Clock, delay } from "../core/clock.ts";
import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Protocol } from "../core/mapping.ts";
import type { PortNews } from "./port_news.ts";
import type { PortSharing, ShareResult } from "./share_port.ts";
import { PortShareError, type ShareRefusal } from "./share_refusal.ts";
import { WayTeller } from "./way_teller.ts";

/** Options for {@linkcode PortOpener}. */
export interface PortOpenerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Makes ports shareable; absent: no service is ever touched. Stays its owner's. */
  readonly sharing?: PortSharing | undefined;
  /** Told of the way that was taken, when it changes. */
  readonly onWay?: ((news: PortNews) => void) | undefined;
  /** Ends waiting for closed connections. */
  readonly signal?: AbortSignal | undefined;
}

/** A socket that is to be bound to a port that a service may hold. */
export interface SocketWish<T> {
  readonly protocol: Protocol;
  readonly local: Endpoint;
  /** Ends waiting for closed connections. */
  readonly signal?: AbortSignal | undefined;
  /** Binds a new one. */
  readonly open: (how: { readonly ownerUid: number | undefined }) => Promise<T>;
  /** Takes one that was bound before. */
  readonly openSpare?: (() => Promise<T>) | undefined;
}

/**
 * Connections that a busy service accepted between our look and our change, or has not accepted yet, are in the way
 * only until the next look.
 */
const QUICK_STEPS_MS: readonly number[] = [10, 20, 50, 100, 250, 500];
/** TIME_WAIT lasts a minute (TCP_TIMEWAIT_LEN of Linux). */
const WAIT_LIMIT_MS = 60_000;
const WAIT_STEP_MS = 2_000;
/** A refusal is not looked into again within this time: every look goes through all processes. */
const REFUSAL_LIFE_MS = 2_000;

/** The error is one that the port has nothing to do with, or EADDRINUSE. */
type Attempt<T> = { readonly opened: T } | { readonly error: unknown };

/** A refusal means that the port stays in use. */
type Outcome<T> = Attempt<T> | {
  readonly reason: ShareRefusal;
  /** It may be gone in a moment. */
  readonly passes?: boolean;
};

interface Refused {
  readonly reason: ShareRefusal;
  readonly atMs: number;
}

/** Decides how a socket comes to be bound beside a service, and remembers what worked. One for each tunnel. */
export class PortOpener {
  readonly #options: PortOpenerOptions;
  readonly #teller: WayTeller;
  /** By port: whose our sockets have to be. */
  readonly #ownerUids = new Map<string, number | undefined>();
  readonly #refusals = new Map<string, Refused>();
  /** Since when closed connections are waited for. */
  readonly #waitingSince = new Map<string, number>();

  /** Opens nothing. */
  constructor(options: PortOpenerOptions) {
    this.#options = options;
    this.#teller = new WayTeller(options);
  }

  /**
   * Opens it as it is; where the port is in use a spare one; then one of the service's user; then one beside a service
   * that was made shareable, if need be after its closed connections have gone.
   *
   * @throws {Error} EADDRINUSE with the {@linkcode PortShareError} as its `cause`; whatever else binding throws.
   * @throws `signal.reason` if aborted while it waits.
   */
  async open<T>(wish: SocketWish<T>): Promise<T> {
    const key = keyOf(wish);
    const first = await attempt(() => wish.open({ ownerUid: this.#ownerUids.get(key) }));
    if (!isInUse(first)) {
      if ("opened" in first) await this.#teller.lookOnce(key, wish);
      return opened(first);
    }
    const spare = wish.openSpare && await attempt(wish.openSpare);
    if (spare !== undefined && !isInUse(spare)) {
      this.#teller.tell(key, { kind: "spare-sockets" });
      return opened(spare);
    }
    const { sharing } = this.#options;
    if (sharing === undefined) throw first.error;
    const outcome = await this.#openBeside(wish, sharing, first.error);
    if ("reason" in outcome) throw this.#refuse(wish, outcome.reason, first.error);
    this.#refusals.delete(key);
    this.#waitingSince.delete(key);
    return opened(outcome);
  }

  async #openBeside<T>(wish: SocketWish<T>, sharing: PortSharing, inUse: unknown): Promise<Outcome<T>> {
    const { clock, signal } = this.#options;
    const recent = this.#refusals.get(keyOf(wish));
    if (recent !== undefined && clock.now() - recent.atMs < REFUSAL_LIFE_MS) return recent;
    try {
      return await this.#openAsOwner(wish, sharing) ?? await this.#makeShareable(wish, sharing);
    } catch (error) {
      if (wish.signal?.aborted || signal?.aborted) throw error;
      this.#options.log.warn("Cannot look for the service on a port", {
        ...{ port: formatEndpoint(wish.local), reason: errorMessage(error) },
      });
      throw withCause(inUse, error);
    }
  }

  /**
   * A service that shares its port by itself wants nothing but a socket of its own user.
   *
   * @returns `undefined` if that is not enough.
   */
  async #openAsOwner<T>(wish: SocketWish<T>, sharing: PortSharing): Promise<Outcome<T> | undefined> {
    const ownerUid = await sharing.ownerUid(wish.protocol, wish.local);
    if (ownerUid === undefined) return undefined;
    const owned = await attempt(() => wish.open({ ownerUid }));
    if (isInUse(owned)) return undefined;
    const refusal = ownerRefusal(owned, ownerUid);
    if (refusal !== undefined) {
      // Who lacks this right often lacks the others as well, and the cure is better told at once.
      const { obstacle = refusal } = await sharing.survey(wish.protocol, wish.local);
      return { reason: obstacle };
    }
    const key = keyOf(wish);
    this.#ownerUids.set(key, ownerUid);
    await this.#teller.look(key, wish);
    return owned;
  }

  async #makeShareable<T>(wish: SocketWish<T>, sharing: PortSharing): Promise<Outcome<T>> {
    for (let tries = 0;; tries++) {
      const outcome = await this.#openShared(wish, await sharing.share(wish.protocol, wish.local));
      if (!("reason" in outcome)) return outcome;
      const { reason, passes } = outcome;
      const quickMs = passes ? QUICK_STEPS_MS[tries] : undefined;
      if (quickMs !== undefined) await this.#pause(wish, quickMs);
      else if (reason.kind !== "time-wait" || !await this.#wait(wish, reason.count)) {
        sharing.giveUp(wish.protocol, wish.local.port);
        return outcome;
      }
    }
  }

  async #openShared<T>(wish: SocketWish<T>, result: ShareResult): Promise<Outcome<T>> {
    if (result.kind === "refused") return { ...result, passes: result.reason.kind === "time-wait" };
    const { ownerUid, way, holders, canRestart, orphanCount, doubt = STILL_IN_USE } = result;
    const shared = await attempt(() => wish.open({ ownerUid }));
    if (isInUse(shared)) {
      const reason: ShareRefusal = orphanCount > 0 ? { kind: "time-wait", count: orphanCount } : doubt;
      return { reason, passes: true };
    }
    const reason = ownerUid === undefined ? undefined : ownerRefusal(shared, ownerUid);
    if (reason !== undefined) return { reason };
    const key = keyOf(wish);
    this.#ownerUids.set(key, ownerUid);
    this.#teller.tell(
      key,
      way === "already" ? { kind: "shares", holders } : { kind: "made-shareable", holders, canRestart },
    );
    return shared;
  }

  /** @returns Whether it may be tried again; else the time is up. */
  async #wait({ protocol, local, signal }: SocketWish<unknown>, count: number): Promise<boolean> {
    const { clock } = this.#options;
    const key = keyOf({ protocol, local });
    const since = this.#waitingSince.get(key) ?? clock.now();
    this.#waitingSince.set(key, since);
    if (clock.now() - since >= WAIT_LIMIT_MS) {
      this.#waitingSince.delete(key);
      return false;
    }
    this.#teller.tell(key, { kind: "waiting", count, limitMs: WAIT_LIMIT_MS });
    await this.#pause({ signal }, WAIT_STEP_MS);
    return true;
  }

  async #pause({ signal }: Pick<SocketWish<unknown>, "signal">, forMs: number): Promise<void> {
    const { clock, signal: wider } = this.#options;
    const signals = [signal, wider].filter((one) => one !== undefined);
    await delay(clock, forMs, AbortSignal.any(signals));
  }

  /** What to throw: the kernel's own error, with what we found out about it. */
  #refuse(wish: SocketWish<unknown>, reason: ShareRefusal, inUse: unknown): unknown {
    const key = keyOf(wish);
    if (this.#refusals.get(key)?.reason !== reason) {
      this.#refusals.set(key, { reason, atMs: this.#options.clock.now() });
    }
    this.#teller.tell(key, { kind: "refused", reason });
    return withCause(inUse, new PortShareError(wish, reason));
  }
}

const STILL_IN_USE: ShareRefusal = { kind: "still-in-use" };

function keyOf({ protocol, local }: Pick<SocketWish<unknown>, "protocol" | "local">): string {
  return `${protocol} ${formatEndpoint(local)}`;
}

async function attempt<T>(open: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { opened: await open() };
  } catch (error) {
    return { error };
  }
}

function opened<T>(attempted: Attempt<T>): T {
  if ("opened" in attempted) return attempted.opened;
  throw attempted.error;
}

function isInUse<T>(attempted: Attempt<T>): attempted is { readonly error: unknown } {
  return "error" in attempted && errorCode(attempted.error) === "EADDRINUSE";
}

/** Why our socket may not become the service's user's; `undefined` if that is not what went wrong. */
function ownerRefusal(attempted: Attempt<unknown>, uid: number): ShareRefusal | undefined {
  const error = "error" in attempted ? attempted.error : undefined;
  if (!(error instanceof SystemError) || error.call !== "fchown") return undefined;
  return error.code === "EINVAL" ? { kind: "unmapped-uid", uid } : { kind: "uid", uid };
}

function withCause(error: unknown, cause: unknown): unknown {
  if (error instanceof Error) error.cause = cause;
  return error;
}
