import { type Endpoint, formatEndpoint } from "../../core/endpoint.ts";
import { errorMessage } from "../../core/errors.ts";
import type { StreamConnection, StreamHandlers, StreamListener } from "../../core/net.ts";
import type { Platform } from "../../core/platform.ts";
import { TaskGroup } from "../../core/task_group.ts";
import { dial } from "../dial.ts";
import type { EndpointFollower } from "./endpoint_follower.ts";
import { refuseOwn, withoutOwn } from "./own_endpoint.ts";
import { StreamJoin } from "./stream_join.ts";

/** What the TCP and the UDP side of an access are made of. */
export interface AccessParts {
  /** Sockets, timers, log. */
  readonly platform: Platform;
  /** Where the service is. */
  readonly follower: EndpointFollower;
  /** What it is called in messages. */
  readonly subject: string;
  /** Where clients come; port 0 takes any. */
  readonly listen: Endpoint;
  /** For connecting, in milliseconds. */
  readonly timeoutMs: number;
}

/** Clients at a time: it is a port for one machine or one home. */
const MOST_CLIENTS = 1024;
/** A service behind a mapping that is gone answers nothing; this finds out within two minutes. */
const PROBE = { idleSeconds: 60, intervalSeconds: 15, userTimeoutMs: 60_000 } as const;
const IGNORE: StreamHandlers = { onData(): void {}, onEnd(): void {} };

/** A TCP port that leads to where the service is. Disposing closes it and resets its connections. */
export class TcpAccess implements AsyncDisposable {
  readonly #parts: AccessParts;
  readonly #joins = new Set<StreamJoin>();
  readonly #tasks = new TaskGroup();
  #listener: StreamListener | undefined;

  private constructor(parts: AccessParts) {
    this.#parts = parts;
  }

  /** Listens. @throws {Error} With the kernel's code. */
  static async open(parts: AccessParts): Promise<TcpAccess> {
    const access = new TcpAccess(parts);
    access.#listener = await parts.platform.net.listenStream({
      local: parts.listen,
      onConnection: (client) => access.#accept(client),
      onError: (error) => parts.platform.log.warn("Cannot accept client", { reason: errorMessage(error) }),
    });
    return access;
  }

  /** With the real port. */
  get listen(): Endpoint {
    return this.#listener?.local ?? this.#parts.listen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener?.[Symbol.dispose]();
    for (const join of [...this.#joins]) join.stop("stopped");
    await this.#tasks[Symbol.asyncDispose]();
  }

  #accept(client: StreamConnection): StreamHandlers {
    const { platform } = this.#parts;
    if (this.#joins.size >= MOST_CLIENTS) {
      client.abort();
      platform.log.warn("Too many clients; one was turned away", { clients: MOST_CLIENTS });
      return IGNORE;
    }
    const gone = new AbortController();
    const join = new StreamJoin(client, {
      clock: platform.clock,
      onEnd: (end) => {
        this.#joins.delete(join);
        gone.abort(new DOMException("The client has gone", "AbortError"));
        platform.log.debug("Client went", { client: formatEndpoint(client.remote), reason: end });
      },
    });
    this.#joins.add(join);
    this.#tasks.spawn(() => this.#connect(join, { client, signal: gone.signal }));
    return join.clientHandlers;
  }

  /** Never rejects: what fails is the fate of one client. */
  async #connect(
    join: StreamJoin,
    { client, signal }: { readonly client: StreamConnection; readonly signal: AbortSignal },
  ): Promise<void> {
    const { platform: { net, clock, log }, follower, subject, timeoutMs } = this.#parts;
    const fields = { client: formatEndpoint(client.remote) };
    try {
      const found = await follower.current(signal);
      const { connection, endpoint } = await dial(withoutOwn(found.endpoints, this.listen), {
        open: async (remote, limit) => {
          await refuseOwn(remote, { listen: this.listen, net });
          return await net.connectStream({ remote, signal: limit, probe: PROBE, ...join.serviceHandlers });
        },
        close: (late) => late.abort(),
        ...{ clock, signal, timeoutMs, subject },
        refresh: async (limit) => withoutOwn((await follower.doubt(limit))?.endpoints ?? [], this.listen),
      });
      join.attach(connection);
      log.debug("Client came", { ...fields, endpoint: formatEndpoint(endpoint) });
    } catch (error) {
      if (join.isOver) return;
      log.warn(errorMessage(error), fields);
      join.stop("stopped");
    }
  }
}
