import type { Clock } from "../core/clock.ts";
import type { StreamConnection, StreamHandlers } from "../core/net.ts";
import { StunDecodeError } from "./errors.ts";
import { StunFramer } from "./framer.ts";

/** A client that asks and does not read is not worth more memory than this. */
const MAX_PENDING_BYTES = 64 * 1024;
/** How long answers may still travel after the client ended its side. */
const LINGER_MS = 1000;

/** What {@linkcode StunSession} needs. */
export interface StunSessionOptions {
  readonly connection: StreamConnection;
  readonly clock: Clock;
  /** Without a whole request for this long the connection is reset. */
  readonly idleMs: number;
  /** Gives the answer to one message, if there is one. */
  readonly answer: (data: Uint8Array) => Uint8Array | undefined;
  /** Called once, after the connection was closed. */
  readonly onClose: () => void;
}

/** One client of a STUN server over TCP, for as many requests as it likes. Disposing resets the connection. */
export class StunSession implements StreamHandlers, Disposable {
  readonly #options: StunSessionOptions;
  readonly #framer = new StunFramer();
  #timer: Disposable | undefined;
  #isClosed = false;

  constructor(options: StunSessionOptions) {
    this.#options = options;
    this.#closeAfter(options.idleMs);
  }

  readonly onData = (data: Uint8Array): void => {
    const { connection, answer, idleMs } = this.#options;
    try {
      for (const message of this.#framer.push(data)) {
        const reply = answer(message);
        if (reply !== undefined) connection.write(reply);
        this.#closeAfter(idleMs);
      }
    } catch (error) {
      if (!(error instanceof StunDecodeError)) throw error;
      this[Symbol.dispose]();
    }
    if (!this.#isClosed && connection.pendingBytes > MAX_PENDING_BYTES) this[Symbol.dispose]();
  };

  readonly onEnd = (error?: Error): void => {
    if (error !== undefined) return this[Symbol.dispose]();
    this.#options.connection.end();
    this.#closeAfter(LINGER_MS);
  };

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    this.#options.connection.abort();
    this.#options.onClose();
  }

  #closeAfter(delayMs: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#options.clock.schedule(delayMs, () => this[Symbol.dispose]());
  }
}
