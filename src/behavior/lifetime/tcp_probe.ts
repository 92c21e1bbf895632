import { orAborted } from "../../core/aborting.ts";
import { openDeadline } from "../../core/deadline.ts";
import type { Endpoint, HostPort } from "../../core/endpoint.ts";
import { TimeoutError } from "../../core/errors.ts";
import type { StreamConnection } from "../../core/net.ts";
import { StunDecodeError } from "../../stun/errors.ts";
import { StunFramer } from "../../stun/framer.ts";
import { BindingTransactions } from "../../stun/transactions.ts";
import type { LifetimeContext } from "./udp_socket.ts";

/** Somebody who answers over TCP. */
export interface TcpHost {
  /** What it speaks. */
  readonly kind: "http" | "stun";
  /** As the user wrote it. */
  readonly spec: HostPort;
  /** Its address. */
  readonly endpoint: Endpoint;
}

/** How a connection ended that was not ended by us. */
export interface TcpEnd {
  /** When. */
  readonly atMs: number;
  /** By RST or by giving up, instead of FIN. */
  readonly isReset: boolean;
}

/** What came of a request. */
export type TcpAnswer = "answered" | "closed" | "reset" | "silent";

/** Options for {@linkcode TcpProbe.open}. */
export interface TcpProbeOptions {
  /** Whom to connect to. */
  readonly host: TcpHost;
  /** Whether the kernel keeps the connection alive by probes. */
  readonly isKept: boolean;
  /** Ends opening. */
  readonly signal: AbortSignal;
}

const CONNECT_LIMIT_MS = 4_000;
/** Time for four transmissions of a request, of which one gets through. */
const ANSWER_LIMIT_MS = 3_000;
/** Shorter than any lifetime that is of use. */
const PROBE = { idleSeconds: 2, intervalSeconds: 2, userTimeoutMs: 30_000 } as const;

/** A TCP connection that is asked once at first, and later once more. Disposing resets it. */
export class TcpProbe implements Disposable {
  /** When it last carried something, on the clock of the platform. */
  usedAtMs = 0;
  /** Its external endpoint, where a STUN server told it. */
  seen: Endpoint | undefined;
  /** How it ended; `undefined` while it stands. */
  end: TcpEnd | undefined;
  readonly #context: LifetimeContext;
  readonly #host: TcpHost;
  readonly #framer = new StunFramer();
  readonly #transactions: BindingTransactions;
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();
  #connection: StreamConnection | undefined;
  #onAnswer: ((answer: TcpAnswer) => void) | undefined;

  private constructor(context: LifetimeContext, host: TcpHost) {
    this.#context = context;
    this.#host = host;
    const { random } = context.platform;
    this.#transactions = new BindingTransactions({ randomBytes: (length) => random.bytes(length) });
  }

  /**
   * Connects and asks once.
   *
   * @throws {Error} If the host does not answer, or not in time; nothing is left open then.
   */
  static async open(context: LifetimeContext, options: TcpProbeOptions): Promise<TcpProbe> {
    const { platform: { net, clock }, address, device, mark } = context;
    const { host, isKept, signal } = options;
    const probe = new TcpProbe(context, host);
    using rollback = new DisposableStack();
    rollback.use(probe);
    using limit = openDeadline(CONNECT_LIMIT_MS, { clock, signal });
    probe.#connection = await net.connectStream({
      ...{ local: { address, port: 0 }, remote: host.endpoint, device, mark, signal: limit.signal },
      ...(isKept && { probe: PROBE }),
      onData: (data) => probe.#take(data),
      onEnd: (error) => probe.#finish(error !== undefined),
    });
    if (await probe.ask(signal) !== "answered") {
      throw new TimeoutError("Cannot measure: the host does not answer");
    }
    rollback.move();
    return probe;
  }

  /** The bound endpoint. */
  get local(): Endpoint {
    return this.#connection?.local ?? { address: this.#context.address, port: 0 };
  }

  /** Settles when it ended without our doing; may never. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /**
   * Asks once.
   *
   * @throws `signal.reason` if aborted.
   */
  async ask(signal: AbortSignal): Promise<TcpAnswer> {
    const { clock } = this.#context.platform;
    if (this.end !== undefined) return this.end.isReset ? "reset" : "closed";
    const outcome = Promise.withResolvers<TcpAnswer>();
    this.#onAnswer = outcome.resolve;
    using timers = new DisposableStack();
    timers.use(clock.schedule(ANSWER_LIMIT_MS, () => outcome.resolve("silent")));
    this.#connection?.write(this.#request());
    const answer = await orAborted(outcome.promise, signal);
    if (answer === "answered") this.usedAtMs = clock.now();
    return answer;
  }

  /** Resets the connection. */
  [Symbol.dispose](): void {
    this.#connection?.abort();
  }

  #request(): Uint8Array {
    const { kind, spec, endpoint } = this.#host;
    if (kind === "stun") return this.#transactions.open({ server: endpoint, tag: undefined }).bytes;
    return new TextEncoder().encode(
      `HEAD / HTTP/1.1\r\nHost: ${spec.host}\r\nConnection: keep-alive\r\n\r\n`,
    );
  }

  #take(data: Uint8Array): void {
    if (this.#host.kind === "http") return this.#onAnswer?.("answered");
    try {
      for (const message of this.#framer.push(data)) {
        const accepted = this.#transactions.accept(message, this.#host.endpoint);
        if (accepted.kind !== "answer") continue;
        this.seen = accepted.answer.reflexive;
        this.#onAnswer?.("answered");
      }
    } catch (error) {
      if (!(error instanceof StunDecodeError)) throw error;
      this.#onAnswer?.("reset");
    }
  }

  #finish(isReset: boolean): void {
    this.end = { atMs: this.#context.platform.clock.now(), isReset };
    this.#onAnswer?.(isReset ? "reset" : "closed");
    this.#ended.resolve();
  }
}
