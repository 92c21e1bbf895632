import { scopeOf } from "../core/address_scope.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { type Endpoint, familyOf, formatEndpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Protocol } from "../core/mapping.ts";
import type { DatagramSocket, Net, StreamConnection, StreamHandlers } from "../core/net.ts";
import type { ChangeRequest } from "./attributes.ts";
import { answerRequest, type RequestContext } from "./stun_responder.ts";
import { StunSession } from "./stun_session.ts";

/** Options for {@linkcode openStunServer}. */
export interface StunServerOptions {
  /** Where the sockets come from. */
  readonly net: Net;
  /** Told about requests that could not be answered. */
  readonly log: Logger;
  /** Primary endpoint, for UDP and TCP; port 0 takes any that is free for both. */
  readonly listen: Endpoint;
  /** Another address of the same family and another port: turns RFC 5780 on. Port 0 takes any. */
  readonly alternate?: Endpoint | undefined;
  /** What clients are told instead, where they reach the server through something that translates. */
  readonly advertise?: { readonly listen: Endpoint; readonly alternate?: Endpoint | undefined } | undefined;
  /** For idle connections. @default {the machine's clock} */
  readonly clock?: Clock | undefined;
  /** TCP connections at a time; more are reset. @default {256} */
  readonly maxConnections?: number | undefined;
  /** TCP connections that ask nothing for this long are reset. @default {60_000} */
  readonly idleMs?: number | undefined;
}

/** A STUN server at work. Disposing closes everything. */
export interface OpenStunServer extends AsyncDisposable {
  /** Primary endpoint with its real port. */
  readonly listen: Endpoint;
  /** Alternate endpoint with its real port, if there is one. */
  readonly alternate: Endpoint | undefined;
  /** Requests answered so far. */
  readonly answers: number;
}

/** Tries to find ports that are free for UDP and TCP on every address; a busy client host has many in TIME_WAIT. */
const PORT_TRIES = 128;

/**
 * Opens a STUN server: Binding over UDP and TCP, and with an alternate address the four endpoints of RFC 5780,
 * CHANGE-REQUEST honoured over UDP. RESPONSE-PORT is honoured over UDP in any case.
 *
 * @throws {TypeError} If `listen` and `alternate` are not two addresses of one family with two ports.
 * @throws {Error} With the kernel's code if an endpoint cannot be bound; nothing stays open.
 */
export async function openStunServer(options: StunServerOptions): Promise<OpenStunServer> {
  const { listen, alternate } = options;
  if (alternate !== undefined) requireDistinct(listen, alternate);
  const hasChoice = listen.port === 0 || alternate?.port === 0;
  for (let tries = 1;; tries++) {
    try {
      return await Server.open(options);
    } catch (error) {
      if (!hasChoice || tries === PORT_TRIES || errorCode(error) !== "EADDRINUSE") throw error;
    }
  }
}

function requireDistinct(listen: Endpoint, alternate: Endpoint): void {
  const isOther = alternate.address !== listen.address &&
    (alternate.port !== listen.port || alternate.port === 0) &&
    familyOf(alternate.address) === familyOf(listen.address);
  const isBindable = [listen, alternate].every(({ address }) => scopeOf(address) !== "unspecified");
  if (isOther && isBindable) return;
  throw new TypeError(
    `Cannot serve STUN at ${formatEndpoint(alternate)} besides ${formatEndpoint(listen)}: ` +
      "RFC 5780 needs two addresses of one family and two ports",
  );
}

/** One of up to four places: bit 0 is the other port, bit 1 the other address. */
interface Site {
  readonly endpoint: Endpoint;
  /** What clients know it as. */
  readonly advertised: Endpoint;
  udp?: DatagramSocket;
}

class Server implements OpenStunServer {
  answers = 0;
  readonly #options: StunServerOptions;
  readonly #clock: Clock;
  readonly #sites: Site[] = [];
  readonly #stack = new DisposableStack();
  readonly #sessions = new Set<StunSession>();

  private constructor(options: StunServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  static async open(options: StunServerOptions): Promise<Server> {
    const server = new Server(options);
    try {
      await server.#bind();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  get listen(): Endpoint {
    return this.#sites[0]?.endpoint ?? this.#options.listen;
  }

  get alternate(): Endpoint | undefined {
    return this.#sites[3]?.endpoint;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#stack.dispose();
    for (const session of [...this.#sessions]) session[Symbol.dispose]();
    return Promise.resolve();
  }

  async #bind(): Promise<void> {
    const { listen, alternate, advertise = { listen, alternate } } = this.#options;
    const primary = await this.#openSite(listen, advertise.listen);
    if (alternate === undefined) return;
    const shown = advertise.alternate ?? alternate;
    const otherPort = await this.#openSite(
      { address: listen.address, port: alternate.port },
      { address: advertise.listen.address, port: shown.port },
    );
    const { port: port1 } = primary.endpoint;
    const { port: port2 } = otherPort.endpoint;
    await this.#openSite(
      { address: alternate.address, port: port1 },
      { address: shown.address, port: primary.advertised.port },
    );
    await this.#openSite(
      { address: alternate.address, port: port2 },
      { address: shown.address, port: otherPort.advertised.port },
    );
  }

  /** Binds UDP first, because its port is the scarcer promise, then TCP on the same port. */
  async #openSite(local: Endpoint, shown: Endpoint): Promise<Site> {
    const { net } = this.#options;
    const index = this.#sites.length;
    const warn = (error: Error): void =>
      this.#options.log.debug("STUN server socket reports an error", { error: errorMessage(error) });
    const udp = this.#stack.use(
      await net.openDatagram({
        local,
        onDatagram: (data, from) => this.#answerDatagram(index, data, from),
        onError: warn,
      }),
    );
    const endpoint = udp.local;
    const site: Site = {
      endpoint,
      advertised: { address: shown.address, port: shown.port === 0 ? endpoint.port : shown.port },
      udp,
    };
    this.#sites.push(site);
    this.#stack.use(
      await net.listenStream({
        local: endpoint,
        onConnection: (connection) => this.#serve(index, connection),
        onError: warn,
      }),
    );
    return site;
  }

  #context(index: number, from: Endpoint, protocol: Protocol): RequestContext {
    const { listen } = this.#options;
    return {
      from,
      at: this.#sites[index]?.advertised ?? listen,
      canRedirect: protocol === "udp",
      changed: (change) =>
        protocol === "tcp" ? undefined : this.#sites[changedIndex(index, change)]?.advertised,
      other: this.#sites[index ^ 3]?.advertised,
    };
  }

  #answerDatagram(index: number, data: Uint8Array, from: Endpoint): void {
    // Nobody can listen on port 0; such a source is forged.
    if (from.port === 0) return;
    const reply = answerRequest(data, this.#context(index, from, "udp"));
    if (reply === undefined) return;
    try {
      const to = { address: from.address, port: reply.toPort ?? from.port };
      this.#sites[changedIndex(index, reply.change)]?.udp?.send(reply.bytes, to);
      this.answers++;
    } catch (error) {
      this.#options.log.debug("Cannot answer a STUN request", {
        to: formatEndpoint(from),
        error: errorMessage(error),
      });
    }
  }

  #serve(index: number, connection: StreamConnection): StreamHandlers {
    const { maxConnections = 256 } = this.#options;
    if (this.#sessions.size >= maxConnections) {
      connection.abort();
      return { onData: (): void => {}, onEnd: (): void => {} };
    }
    const session = new StunSession({
      connection,
      clock: this.#clock,
      idleMs: this.#options.idleMs ?? 60_000,
      answer: (data) => {
        const reply = answerRequest(data, this.#context(index, connection.remote, "tcp"));
        if (reply !== undefined) this.answers++;
        return reply?.bytes;
      },
      onClose: () => void this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    return session;
  }
}

function changedIndex(index: number, change: ChangeRequest): number {
  return index ^ (change.changesPort ? 1 : 0) ^ (change.changesAddress ? 2 : 0);
}
