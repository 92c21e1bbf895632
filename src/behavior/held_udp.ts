import type { Endpoint } from "../core/endpoint.ts";
import type { DatagramSocket } from "../core/net.ts";
import { BindingTransactions } from "../stun/transactions.ts";
import type { Sighting } from "./facts.ts";
import { createToken, isToken } from "./knock_token.ts";
import type { ProbeContext } from "./probe_context.ts";

/** When a request is sent, and when no answer is awaited any more, in milliseconds. */
const SEND_AT_MS: readonly number[] = [0, 500, 1000];
const GIVE_UP_MS = 1500;
/** Probes from outside are this short at the most; nothing longer is sent back. */
const ECHO_MAX_BYTES = 64;

/** A UDP socket of its own that can be mapped and knocked at. Disposing closes it. */
export class HeldUdp implements Disposable {
  /** What a knock has to bring. */
  readonly token: Uint8Array<ArrayBuffer>;
  readonly #context: ProbeContext;
  readonly #transactions: BindingTransactions;
  readonly #answered: PromiseWithResolvers<Sighting | undefined> = Promise.withResolvers();
  readonly #arrival: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #asked = new Set<string>();
  #socket: DatagramSocket | undefined;
  #sentAtMs = 0;
  #stranger: Endpoint | undefined;
  #isEchoing = false;

  private constructor(context: ProbeContext) {
    this.#context = context;
    const { random } = context.platform;
    this.token = createToken(random);
    this.#transactions = new BindingTransactions({ randomBytes: (length) => random.bytes(length) });
  }

  /**
   * Binds a port.
   *
   * @throws {Error} With the kernel's code if it cannot be bound.
   */
  static async open(context: ProbeContext): Promise<HeldUdp> {
    const held = new HeldUdp(context);
    const { platform, address, device, mark } = context;
    held.#socket = await platform.net.openDatagram({
      local: { address, port: 0 },
      device,
      mark,
      onDatagram: (data, from) => held.#take(data, from),
      // Refusals concern those we sent to; silence tells as much.
      onError: () => {},
    });
    return held;
  }

  /** The bound endpoint. */
  get local(): Endpoint {
    return this.#socket?.local ?? { address: this.#context.address, port: 0 };
  }

  /** Settles when a knock has arrived; may never. */
  get arrival(): Promise<void> {
    return this.#arrival.promise;
  }

  /** Somebody who sent something unasked while {@linkcode echo} was on. */
  get stranger(): Endpoint | undefined {
    return this.#stranger;
  }

  /** Asks a server which external endpoint the socket has; `undefined` if it does not answer. */
  async ask(server: Endpoint, signal: AbortSignal): Promise<Sighting | undefined> {
    const { platform: { clock } } = this.#context;
    signal.throwIfAborted();
    const { bytes } = this.#transactions.open({ server, tag: undefined });
    this.#asked.add(server.address);
    this.#sentAtMs = clock.now();
    const stop = (): void => this.#answered.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    using timers = new DisposableStack();
    this.send(bytes, server);
    for (const atMs of SEND_AT_MS.slice(1)) {
      timers.use(clock.schedule(atMs, () => this.send(bytes, server)));
    }
    timers.use(clock.schedule(GIVE_UP_MS, () => this.#answered.resolve(undefined)));
    try {
      return await this.#answered.promise;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Sends a datagram; what the kernel refuses is lost, as on the wire. */
  send(data: Uint8Array, to: Endpoint): void {
    try {
      this.#socket?.send(data, to);
    } catch {
      // Whoever waits for the answer will not get any, and says so.
    }
  }

  /** From now on short datagrams of strangers are sent back to them and noted. */
  echo(): void {
    this.#isEchoing = true;
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    this.#socket?.[Symbol.dispose]();
    this.#answered.resolve(undefined);
  }

  #take(data: Uint8Array, from: Endpoint): void {
    const accepted = this.#transactions.accept(data, from);
    if (accepted.kind === "answer") {
      const { reflexive: seen, otherAddress } = accepted.answer;
      const rttMs = this.#context.platform.clock.now() - this.#sentAtMs;
      return this.#answered.resolve({ server: from, local: this.local, seen, otherAddress, rttMs });
    }
    if (accepted.kind === "refusal") return this.#answered.resolve(undefined);
    if (isToken(data, this.token)) return this.#arrival.resolve();
    if (!this.#isEchoing || this.#asked.has(from.address) || data.length > ECHO_MAX_BYTES) return;
    this.#stranger ??= from;
    this.send(data.slice(), from);
  }
}
