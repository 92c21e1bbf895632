import type { Endpoint } from "../core/endpoint.ts";
import type { Service, ServingTurn } from "./serving_turn.ts";
import type { Anchor, HeldPort } from "./transport.ts";

/** Options for {@linkcode Session}. */
export interface SessionOptions {
  readonly held: HeldPort;
  readonly service: Service;
  /** Present where listening and connecting exclude each other. */
  readonly turn: ServingTurn | undefined;
  readonly openAnchor: (local: Endpoint) => Anchor;
}

/** What lives as long as one internal endpoint: the held port, the anchor, the server on it. Owns all of them. */
export class Session implements AsyncDisposable {
  readonly #options: SessionOptions;
  /** Holds the mapping, once opened. */
  anchor: Anchor | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Starts the anchor, the first time. */
  openAnchor(): void {
    const { held, openAnchor } = this.#options;
    this.anchor ??= openAnchor(held.local);
  }

  /** Runs what connects from the port while nothing listens on it; returns when something does again. */
  async lookUp<T>(work: () => Promise<T>): Promise<T> {
    const { turn } = this.#options;
    if (turn === undefined) return await work();
    const result = await this.#inTurn(turn, work);
    await turn.standing();
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { held, turn, service } = this.#options;
    await turn?.[Symbol.asyncDispose]();
    await Promise.all([this.anchor?.[Symbol.asyncDispose](), service[Symbol.asyncDispose]()]);
    held[Symbol.dispose]();
  }

  async #inTurn<T>(turn: ServingTurn, work: () => Promise<T>): Promise<T> {
    using _turn = await turn.enter();
    return await work();
  }
}
