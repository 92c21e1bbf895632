import type { Endpoint } from "../../core/endpoint.ts";
import type { BindOptions, DatagramSocket } from "../../core/net.ts";
import type { Platform } from "../../core/platform.ts";
import { BindingTransactions } from "../../stun/transactions.ts";
import { createToken, isToken } from "../knock_token.ts";
import type { BindingAnswer } from "../../stun/binding.ts";
import { repeatUntil } from "./repeat_until.ts";

/** What all sockets of one measurement share. */
export interface LifetimeContext extends Pick<BindOptions, "device" | "mark"> {
  /** Network, clock and randomness. */
  readonly platform: Platform;
  /** The local address; every socket is bound to it. */
  readonly address: string;
}

/** A socket that came in at another one's external endpoint, or is to. */
export type KnockWay = "response-port" | "hairpin";

/** A lost packet is not a death: so many have to be lost, close enough together to count as one moment. */
export const KNOCKS = { times: 5, everyMs: 80, patienceMs: 700 } as const;
const ASKS = { times: 3, everyMs: 400, patienceMs: 900 } as const;

/** A request and the socket at which its answer is expected. */
interface Expectation {
  readonly at: LifetimeSocket;
  readonly take: (answer: BindingAnswer) => void;
}

/** The sockets of one measurement: a request sent from one may be answered at another. */
export class LifetimeSockets {
  /** What all share. */
  readonly context: LifetimeContext;
  /** Requests that wait for their answers. */
  readonly transactions: BindingTransactions<Expectation>;
  /** How many were opened. */
  count = 0;

  /** Opens nothing. */
  constructor(context: LifetimeContext) {
    const { random } = context.platform;
    this.context = context;
    this.transactions = new BindingTransactions({ randomBytes: (length) => random.bytes(length) });
  }

  /**
   * Opens one.
   *
   * @throws {Error} With the kernel's code if it cannot be bound.
   */
  async open(): Promise<LifetimeSocket> {
    const socket = new LifetimeSocket(this);
    await socket.bind();
    this.count++;
    return socket;
  }
}

/** A UDP socket of its own. Disposing closes it. */
export class LifetimeSocket implements Disposable {
  /** When it last sent something, on the clock of the platform. */
  sentAtMs = 0;
  /** When it last had an answer. */
  answeredAtMs = 0;
  /** The external endpoint that the server last asked saw. */
  external: Endpoint | undefined;
  readonly #sockets: LifetimeSockets;
  readonly #token: Uint8Array<ArrayBuffer>;
  #socket: DatagramSocket | undefined;
  #onToken: (() => void) | undefined;

  /** Binds nothing yet. */
  constructor(sockets: LifetimeSockets) {
    this.#sockets = sockets;
    this.#token = createToken(sockets.context.platform.random);
  }

  /** Takes a port. */
  async bind(): Promise<void> {
    const { platform: { net }, address, device, mark } = this.#sockets.context;
    this.#socket = await net.openDatagram({
      ...{ local: { address, port: 0 }, device, mark },
      onDatagram: (data, from) => this.#take(data, from),
      // Refusals concern those we sent to; silence tells as much.
      onError: () => {},
    });
  }

  /** The bound endpoint. */
  get local(): Endpoint {
    return this.#socket?.local ?? { address: this.#sockets.context.address, port: 0 };
  }

  /** Asks a server which external endpoint it has; that makes, or keeps, its mapping. */
  async ask(server: Endpoint, signal: AbortSignal): Promise<BindingAnswer | undefined> {
    const { transactions, context: { platform: { clock } } } = this.#sockets;
    const arrived = Promise.withResolvers<BindingAnswer>();
    const tag = { at: this, take: arrived.resolve };
    const request = transactions.open({ server, tag });
    const send = (): void => this.send(request.bytes, server);
    const answer = await repeatUntil(send, { ...ASKS, clock, signal, arrival: arrived.promise });
    transactions.cancel(request);
    if (answer === undefined) return undefined;
    this.answeredAtMs = clock.now();
    this.external = answer.reflexive;
    return answer;
  }

  /**
   * Lets something be sent to another socket's external endpoint: by the server, at this one's request (RFC 5780,
   * section 7.5), or by this one itself.
   *
   * @returns Whether it arrived.
   */
  async knock(
    target: LifetimeSocket,
    options: {
      readonly way: KnockWay;
      readonly server: Endpoint;
      readonly signal: AbortSignal;
      /** Where to. @default what the server last asked saw */
      readonly external?: Endpoint | undefined;
    },
  ): Promise<boolean> {
    const { way, server, signal, external = target.external } = options;
    if (external === undefined) return false;
    const { clock } = this.#sockets.context.platform;
    if (way === "hairpin") {
      const arrival = new Promise<"arrived">((resolve) => target.#onToken = () => resolve("arrived"));
      const send = (): void => this.send(target.#token, external);
      return await repeatUntil(send, { ...KNOCKS, clock, signal, arrival }) === "arrived";
    }
    const { transactions } = this.#sockets;
    const arrived = Promise.withResolvers<"arrived">();
    const tag = { at: target, take: (): void => arrived.resolve("arrived") };
    const request = transactions.open({ server, responsePort: external.port, tag });
    const send = (): void => this.send(request.bytes, server);
    const outcome = await repeatUntil(send, { ...KNOCKS, clock, signal, arrival: arrived.promise });
    transactions.cancel(request);
    return outcome === "arrived";
  }

  /** Sends a datagram; what the kernel refuses is lost, as on the wire. */
  send(data: Uint8Array, to: Endpoint): void {
    this.sentAtMs = this.#sockets.context.platform.clock.now();
    try {
      this.#socket?.send(data, to);
    } catch {
      // Whoever waits for the answer will not get any, and says so.
    }
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#socket?.[Symbol.dispose]();
  }

  #take(data: Uint8Array, from: Endpoint): void {
    if (isToken(data, this.#token)) return this.#onToken?.();
    const accepted = this.#sockets.transactions.accept(data, from);
    if (accepted.kind !== "answer") return;
    const { at, take } = accepted.transaction.tag;
    // A server that ignores RESPONSE-PORT answers the one that asked, which proves nothing.
    if (at === this) take(accepted.answer);
  }
}
