import { type Descriptor, Epoll, EpollEvents, EPOLLIN, EventFd } from "../../ffi/mod.ts";
import { errorMessage } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";

/** Who is told that a descriptor is ready. */
export interface ReadyHandler {
  /** @param events Bits of EPOLL*. */
  onReady(events: number): void;
}

/** Events taken from the kernel at once. */
const EVENTS_PER_ROUND = 64;

/** Rounds after which timers and other tasks get their turn. */
const ROUNDS_PER_TURN = 8;

/** Id of the bell in epoll data; watches count from 1 and no id is ever used again. */
const BELL_ID = 0;

/**
 * One epoll for every socket of this thread. While nothing is ready one pool thread waits for all of them; no
 * timer ticks. It starts with the first watch and stops with the last, so that the process can end by itself.
 */
export class Reactor implements AsyncDisposable {
  readonly #log: Logger;
  readonly #epoll: Epoll;
  readonly #bell: EventFd;
  readonly #events = new EpollEvents(EVENTS_PER_ROUND);
  readonly #watches = new Map<number, Watch>();
  #deferred: (() => void)[] = [];
  #lastId = BELL_ID;
  #isParked = false;
  #isClosed = false;
  #pump: Promise<void> | undefined;

  private constructor(log: Logger, epoll: Epoll, bell: EventFd) {
    this.#log = log;
    this.#epoll = epoll;
    this.#bell = bell;
  }

  /** Opens the epoll, nothing runs yet. @throws {SystemError} */
  static open(log: Logger): Reactor {
    using rollback = new DisposableStack();
    const epoll = rollback.use(new Epoll());
    const bell = rollback.use(new EventFd());
    epoll.add(bell.descriptor, EPOLLIN, BELL_ID);
    rollback.move();
    return new Reactor(log, epoll, bell);
  }

  /**
   * Tells `handler` whenever the descriptor is ready (level-triggered); EPOLLERR and EPOLLHUP always.
   *
   * The watch has to be removed before the descriptor is closed.
   *
   * @param interest Bits of EPOLL*.
   * @throws {TypeError} If the reactor is closed.
   */
  watch(descriptor: Descriptor, interest: number, handler: ReadyHandler): Watch {
    if (this.#isClosed) throw new TypeError("Cannot watch socket: the network is closed");
    const id = ++this.#lastId;
    this.#epoll.add(descriptor, interest, id);
    const watch = new Watch(this, { epoll: this.#epoll, descriptor, id, interest, handler });
    this.#watches.set(id, watch);
    this.#start();
    return watch;
  }

  /** Calls back in a later macrotask, when everything that waited for a promise resolved now has gone on. */
  defer(callback: () => void): void {
    this.#deferred.push(callback);
    this.#wake();
    this.#start();
  }

  /** For {@linkcode Watch.remove}. */
  forget(id: number): void {
    this.#watches.delete(id);
    if (this.#watches.size === 0) this.#wake();
  }

  /** Ends the waiting call and closes; sockets still watched hear nothing more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#pump;
    this.#bell[Symbol.dispose]();
    this.#epoll[Symbol.dispose]();
  }

  #start(): void {
    if (this.#isClosed) return;
    this.#pump ??= this.#run().catch((error: unknown) => {
      this.#pump = undefined;
      this.#log.error("Cannot wait for sockets", { reason: errorMessage(error) });
    });
  }

  #wake(): void {
    if (this.#isParked) this.#bell.ring();
  }

  async #run(): Promise<void> {
    // Whoever adds the first watch goes on first: handlers are never called from inside watch().
    await undefined;
    let rounds = 0;
    while (!this.#isClosed && (this.#watches.size > 0 || this.#deferred.length > 0)) {
      if (this.#deferred.length > 0 || rounds >= ROUNDS_PER_TURN) {
        rounds = 0;
        await this.#runDeferred();
        continue;
      }
      rounds++;
      let count = this.#epoll.poll(this.#events);
      if (count === 0) {
        count = await this.#park();
        rounds = 0;
      }
      this.#dispatch(count);
      await undefined; // what the handlers resolved goes on before the next round
    }
    this.#pump = undefined;
  }

  /** Lets timers and other tasks run first. */
  async #runDeferred(): Promise<void> {
    const due = this.#deferred;
    this.#deferred = [];
    // The parked call is no such pause: the runtime resolves it at once when its thread was quick.
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (const callback of due) this.#guard(callback);
  }

  async #park(): Promise<number> {
    this.#isParked = true;
    try {
      return await this.#epoll.park(this.#events);
    } finally {
      this.#isParked = false;
    }
  }

  #dispatch(count: number): void {
    for (let i = 0; i < count && !this.#isClosed; i++) {
      const id = this.#events.idAt(i);
      if (id === BELL_ID) {
        this.#bell.silence();
        continue;
      }
      // A handler earlier in this batch may have removed the watch: its id is gone then, whatever its number is now.
      const watch = this.#watches.get(id);
      const events = this.#events.eventsAt(i);
      if (watch !== undefined) this.#guard(() => watch.handler.onReady(events));
    }
  }

  #guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#log.error("Cannot handle socket event", {
        reason: errorMessage(error),
        stack: error instanceof Error ? error.stack : undefined,
      });
    }
  }
}

/** A descriptor being watched. */
export class Watch {
  /** Who is told; may be handed on. */
  handler: ReadyHandler;
  readonly #reactor: Reactor;
  readonly #epoll: Epoll;
  readonly #descriptor: Descriptor;
  readonly #id: number;
  #interest: number;

  /** For {@linkcode Reactor.watch}. */
  constructor(
    reactor: Reactor,
    options: {
      readonly epoll: Epoll;
      readonly descriptor: Descriptor;
      readonly id: number;
      readonly interest: number;
      readonly handler: ReadyHandler;
    },
  ) {
    this.#reactor = reactor;
    this.#epoll = options.epoll;
    this.#descriptor = options.descriptor;
    this.#id = options.id;
    this.#interest = options.interest;
    this.handler = options.handler;
  }

  /** Watches for something else. @param interest Bits of EPOLL*. */
  setInterest(interest: number): void {
    if (interest === this.#interest) return;
    this.#interest = interest;
    this.#epoll.change(this.#descriptor, interest, this.#id);
  }

  /** Ends watching; what this batch still holds for it is not delivered. */
  remove(): void {
    this.#epoll.remove(this.#descriptor);
    this.#reactor.forget(this.#id);
  }
}
