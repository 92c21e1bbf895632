import { openDeadline } from "../core/deadline.ts";
import { type Endpoint, isSameEndpoint } from "../core/endpoint.ts";
import { errorMessage, TimeoutError } from "../core/errors.ts";
import type { StreamConnection, StreamHandlers } from "../core/net.ts";
import { StunDecodeError } from "../stun/errors.ts";
import { StunFramer } from "../stun/framer.ts";
import { BindingTransactions } from "../stun/transactions.ts";
import type { Sighting } from "./facts.ts";
import { createToken } from "./knock_token.ts";
import type { ProbeContext } from "./probe_context.ts";

/** Connecting and one answer. */
const ASK_LIMIT_MS = 2000;
/** Strangers who connect meanwhile are not worth more of our memory. */
const GUESTS_MAX = 16;

/**
 * A TCP port of its own that can be mapped and knocked at: it listens, and connections to STUN servers stay open, so
 * that the NAT keeps the mapping. Disposing resets everything.
 */
export class HeldTcp implements Disposable {
  /** What a knock has to bring. */
  readonly token: Uint8Array<ArrayBuffer>;
  /** The bound endpoint. */
  readonly local: Endpoint;
  readonly #context: ProbeContext;
  readonly #stack = new DisposableStack();
  readonly #guests = new Set<StreamConnection>();
  readonly #arrival: PromiseWithResolvers<void> = Promise.withResolvers();
  #heldCount = 0;
  #own: ReadonlySet<string> = new Set();
  #stranger: Endpoint | undefined;

  private constructor(context: ProbeContext, local: Endpoint) {
    this.#context = context;
    this.local = local;
    this.token = createToken(context.platform.random);
  }

  /**
   * Binds a port and listens on it, where the system lets a listener and connections share one.
   *
   * @throws {Error} With the kernel's code if it cannot be bound or listened on.
   */
  static async open(context: ProbeContext): Promise<HeldTcp> {
    const { platform: { net }, address, device, mark } = context;
    const bind = { device, mark, reusePort: true };
    using rollback = new DisposableStack();
    const reserved = rollback.use(await net.reservePort({ ...bind, local: { address, port: 0 } }));
    const held = new HeldTcp(context, reserved.local);
    const onConnection = (guest: StreamConnection): StreamHandlers => held.#welcome(guest);
    if (net.capability === "full") {
      rollback.use(await net.listenStream({ ...bind, local: reserved.local, onConnection }));
    }
    held.#stack.use(rollback.move());
    return held;
  }

  /** Settles when a knock has arrived; may never. */
  get arrival(): Promise<void> {
    return this.#arrival.promise;
  }

  /** Somebody who connected and is not one of us; {@linkcode expectStrangers} tells who is. */
  get stranger(): Endpoint | undefined {
    return this.#stranger;
  }

  /** Whether a connection still keeps the mapping. */
  get isHeld(): boolean {
    return this.#heldCount > 0;
  }

  /** Connections from other addresses than these are those of strangers. */
  expectStrangers(own: readonly string[]): void {
    this.#own = new Set(own);
  }

  /**
   * Asks a server which external endpoint the port has, and keeps the connection.
   *
   * @returns `undefined` if there is no answer.
   * @throws `signal.reason` if aborted.
   */
  async ask(server: Endpoint, signal: AbortSignal): Promise<Sighting | undefined> {
    const { platform: { clock, net, random, log }, device, mark } = this.#context;
    const transactions = new BindingTransactions({ randomBytes: (length) => random.bytes(length) });
    const outcome = Promise.withResolvers<Sighting | undefined>();
    const framer = new StunFramer();
    let sentAtMs = 0;
    const onData = (data: Uint8Array): void => {
      for (const message of messagesOf(framer, data)) {
        const accepted = transactions.accept(message, server);
        if (accepted.kind !== "answer") continue;
        const { reflexive: seen, otherAddress } = accepted.answer;
        outcome.resolve({ server, local: this.local, seen, otherAddress, rttMs: clock.now() - sentAtMs });
      }
    };
    const onEnd = (): void => {
      this.#heldCount--;
      outcome.resolve(undefined);
    };
    using limit = openDeadline(ASK_LIMIT_MS, { clock, signal });
    const stop = (): void => outcome.reject(limit.signal.reason);
    limit.signal.addEventListener("abort", stop, { once: true });
    outcome.promise.catch(() => {});
    try {
      const connection = await net.connectStream({
        ...{ local: this.local, remote: server, device, mark, reusePort: true, signal: limit.signal },
        ...{ onData, onEnd },
      });
      this.#stack.use(connection);
      this.#heldCount++;
      sentAtMs = clock.now();
      connection.write(transactions.open({ server, tag: undefined }).bytes);
      return await outcome.promise;
    } catch (error) {
      if (signal.aborted) throw error;
      if (!(error instanceof TimeoutError)) log.debug("No mapping held", { reason: errorMessage(error) });
      return undefined;
    }
  }

  /** Resets all connections and lets go of the port. */
  [Symbol.dispose](): void {
    for (const guest of this.#guests) guest.abort();
    this.#stack.dispose();
  }

  #welcome(guest: StreamConnection): StreamHandlers {
    const leave = (): void => {
      this.#guests.delete(guest);
      guest.abort();
    };
    if (this.#own.size > 0 && !this.#own.has(guest.remote.address)) this.#stranger ??= guest.remote;
    if (this.#guests.size >= GUESTS_MAX || isSameEndpoint(guest.remote, this.local)) {
      guest.abort();
      return { onData: () => {}, onEnd: () => {} };
    }
    this.#guests.add(guest);
    let at = 0;
    return {
      onData: (data): void => {
        for (const byte of data) {
          if (byte !== this.token[at++]) return leave();
          if (at < this.token.length) continue;
          this.#arrival.resolve();
          return leave();
        }
      },
      onEnd: leave,
    };
  }
}

/** A stream that is not STUN is as good as a silent one. */
function messagesOf(framer: StunFramer, data: Uint8Array): readonly Uint8Array[] {
  try {
    return framer.push(data);
  } catch (error) {
    if (!(error instanceof StunDecodeError)) throw error;
    return [];
  }
}
