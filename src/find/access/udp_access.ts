import {
  type Endpoint,
  familyOf,
  formatEndpoint,
  isSameEndpoint,
  unspecifiedAddress,
} from "../../core/endpoint.ts";
import { errorMessage } from "../../core/errors.ts";
import type { DatagramSocket } from "../../core/net.ts";
import { TaskGroup } from "../../core/task_group.ts";
import { refuseOwn, withoutOwn } from "./own_endpoint.ts";
import type { AccessParts } from "./tcp_access.ts";
import { UdpAccessSession } from "./udp_session.ts";

/** Clients at a time. */
const MOST_SESSIONS = 1024;
/** A client that says nothing for so long is gone; WireGuard makes new keys every two minutes while it talks. */
const IDLE_MS = 300_000;
/** Idle sessions are looked for so often. */
const TICK_MS = 30_000;
/** A service that leaves this many datagrams… */
const UNANSWERED_MOST = 3;
/** …unanswered for this long has moved, or is off. */
const SILENCE_MS = 3000;

/**
 * A UDP port that leads to where the service is. A client keeps its session when the service moves: its datagrams go
 * to the new endpoint from then on, and answers come from the same port as before. Disposing closes it.
 */
export class UdpAccess implements AsyncDisposable {
  readonly #parts: AccessParts;
  readonly #sessions = new Map<string, UdpAccessSession>();
  readonly #tasks = new TaskGroup();
  #socket: DatagramSocket | undefined;
  #ticker: Disposable | undefined;
  #isFull = false;

  private constructor(parts: AccessParts) {
    this.#parts = parts;
  }

  /** Binds the port. @throws {Error} With the kernel's code. */
  static async open(parts: AccessParts): Promise<UdpAccess> {
    const access = new UdpAccess(parts);
    access.#socket = await parts.platform.net.openDatagram({
      local: parts.listen,
      onDatagram: (data, from) => access.#take(data, from),
      onError: () => {}, // ICMP about a client that went away
    });
    return access;
  }

  /** With the real port. */
  get listen(): Endpoint {
    return this.#socket?.local ?? this.#parts.listen;
  }

  /** Clients now. */
  get sessions(): number {
    return this.#sessions.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ticker?.[Symbol.dispose]();
    for (const session of this.#sessions.values()) session[Symbol.dispose]();
    this.#sessions.clear();
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
    await this.#tasks[Symbol.asyncDispose]();
  }

  #take(data: Uint8Array, from: Endpoint): void {
    const session = this.#sessions.get(formatEndpoint(from)) ?? this.#welcome(from);
    if (session === undefined) return;
    const [target] = withoutOwn(this.#parts.follower.found?.endpoints ?? [], this.listen);
    if (target !== undefined && !isSameEndpoint(target, session.target)) this.#redirect(session, target);
    session.send(data);
    if (session.isUnanswered(UNANSWERED_MOST, SILENCE_MS)) this.#doubt();
  }

  #welcome(client: Endpoint): UdpAccessSession | undefined {
    const { platform } = this.#parts;
    if (this.#sessions.size >= MOST_SESSIONS) {
      if (!this.#isFull) {
        platform.log.warn("Too many clients; new ones are turned away", { clients: MOST_SESSIONS });
      }
      this.#isFull = true;
      return undefined;
    }
    const session = new UdpAccessSession({
      clock: platform.clock,
      reply: (data) => this.#reply(data, client),
    });
    this.#sessions.set(formatEndpoint(client), session);
    this.#tickLater();
    if (this.#parts.follower.found === undefined) {
      this.#tasks.spawn((signal) => this.#whenFound(session, signal));
    }
    return session;
  }

  /** The first datagrams wait until it is known where to. */
  async #whenFound(session: UdpAccessSession, signal: AbortSignal): Promise<void> {
    const [target] = withoutOwn((await this.#parts.follower.current(signal)).endpoints, this.listen);
    if (target !== undefined && session.target === undefined) this.#redirect(session, target);
  }

  #redirect(session: UdpAccessSession, target: Endpoint): void {
    session.redirect(target);
    this.#tasks.spawn(() => this.#lead(session, target));
  }

  /** Never rejects. */
  async #lead(session: UdpAccessSession, target: Endpoint): Promise<void> {
    const { net, log } = this.#parts.platform;
    try {
      await refuseOwn(target, { listen: this.listen, net });
      const socket = await net.openDatagram({
        local: { address: unspecifiedAddress(familyOf(target.address)), port: 0 },
        remote: target,
        onDatagram: (data) => session.receive(data),
        onError: () => this.#doubt(), // nobody is there (ICMP)
      });
      session.lead(socket, target);
    } catch (error) {
      // Another datagram tries again.
      if (session.target === target) session.redirect(undefined);
      log.debug("Cannot open session", { target: formatEndpoint(target), reason: errorMessage(error) });
      this.#doubt(); // no way there, so no silence will tell
    }
  }

  #doubt(): void {
    this.#tasks.spawn(async (signal) => void await this.#parts.follower.doubt(signal));
  }

  #reply(data: Uint8Array, client: Endpoint): void {
    try {
      this.#socket?.send(data, client);
    } catch {
      // The client's own machine does not take it: lost, as on the wire.
    }
  }

  #tickLater(): void {
    this.#ticker ??= this.#parts.platform.clock.schedule(TICK_MS, () => {
      this.#ticker = undefined;
      for (const [key, session] of this.#sessions) {
        if (!session.isIdle(IDLE_MS)) continue;
        session[Symbol.dispose]();
        this.#sessions.delete(key);
        this.#isFull = false;
      }
      if (this.#sessions.size > 0) this.#tickLater();
    });
  }
}
