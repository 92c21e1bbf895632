import type { Endpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Protocol } from "../core/mapping.ts";
import type { StreamConnection, StreamHandlers } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import { DATAGRAM_BYTES } from "./knock.ts";

/** Options for {@linkcode openTokenListener}. */
export interface TokenListenerOptions {
  /** Network and randomness. */
  readonly platform: Platform;
  /** Transport. */
  readonly protocol: Protocol;
  /** The internal endpoint of a mapping; its port may be shared (SO_REUSEPORT), and 0 takes any. */
  readonly local: Endpoint;
}

/** Random bytes that nobody can guess, and what came of them. */
export interface Token {
  /** To be sent to the listener. */
  readonly send: Uint8Array;
  /** What the listener answers. */
  readonly reply: Uint8Array;
  /** Who brought it, as the listener saw it; `undefined` until then. */
  readonly from: Endpoint | undefined;
}

/** A service of our own, to tell who gets in. Disposing closes it and every connection. */
export interface TokenListener extends Disposable {
  /** With the real port. */
  readonly local: Endpoint;
  /** A new token; it is watched for until the listener is closed. */
  issue(): Token;
}

/** More at a time are not ours to wait for. */
const MOST_GUESTS = 64;

/**
 * Opens a listener that answers whoever brings a token it issued, with as many bytes as the token has, and nobody else.
 *
 * @throws {Error} With the kernel's `code` if the endpoint cannot be bound, EADDRINUSE for one.
 */
export async function openTokenListener(options: TokenListenerOptions): Promise<TokenListener> {
  const { platform, protocol } = options;
  const tokens = new Tokens(platform);
  const local = protocol === "tcp" ? await listenTcp(tokens, options) : await listenUdp(tokens, options);
  return { local, issue: () => tokens.issue(), [Symbol.dispose]: () => tokens.close() };
}

interface Issued extends Token {
  from: Endpoint | undefined;
}

class Tokens {
  readonly #platform: Platform;
  readonly #issued = new Map<string, Issued>();
  readonly #guests = new Set<StreamConnection>();
  #listener: Disposable | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  issue(): Token {
    const { random } = this.#platform;
    const token: Issued = {
      send: random.bytes(DATAGRAM_BYTES),
      reply: random.bytes(DATAGRAM_BYTES),
      from: undefined,
    };
    this.#issued.set(token.send.toHex(), token);
    return token;
  }

  /** What to answer; `undefined` if these bytes are no token of ours. */
  accept(bytes: Uint8Array, from: Endpoint): Uint8Array | undefined {
    const token = this.#issued.get(bytes.toHex());
    if (token === undefined) return undefined;
    token.from ??= from;
    return token.reply;
  }

  own(listener: Disposable): void {
    this.#listener = listener;
  }

  /** Who says something else is sent away; who says nothing, when the listener closes. */
  receive(connection: StreamConnection): StreamHandlers {
    const leave = (): void => {
      this.#guests.delete(connection);
      connection.abort();
    };
    if (this.#guests.size >= MOST_GUESTS) leave();
    else this.#guests.add(connection);
    const said = new Uint8Array(DATAGRAM_BYTES);
    let length = 0;
    return {
      onData: (data): void => {
        const piece = data.subarray(0, DATAGRAM_BYTES - length);
        said.set(piece, length);
        length += piece.length;
        if (length < DATAGRAM_BYTES || piece.length === 0) return;
        const reply = this.accept(said, connection.remote);
        if (reply === undefined) return leave();
        connection.write(reply);
        connection.end();
      },
      onEnd: leave,
    };
  }

  close(): void {
    this.#listener?.[Symbol.dispose]();
    for (const guest of this.#guests) guest.abort();
    this.#guests.clear();
  }
}

async function listenTcp(tokens: Tokens, { platform, local }: TokenListenerOptions): Promise<Endpoint> {
  const listener = await platform.net.listenStream({
    local,
    reusePort: true,
    onConnection: (connection) => tokens.receive(connection),
  });
  tokens.own(listener);
  return listener.local;
}

async function listenUdp(tokens: Tokens, { platform, local }: TokenListenerOptions): Promise<Endpoint> {
  const socket = await platform.net.openDatagram({
    local,
    reusePort: true,
    onDatagram: (data, from) => {
      const reply = tokens.accept(data, from);
      if (reply === undefined) return;
      try {
        socket.send(reply, from);
      } catch (error) {
        platform.log.debug("Cannot answer a token", { from, reason: errorMessage(error) });
      }
    },
  });
  tokens.own(socket);
  return socket.local;
}
