import type { Endpoint } from "../core/endpoint.ts";
import { type Expiring, ExpiryWheel } from "./expiry_wheel.ts";

/** A client endpoint as a key: a number for IPv4, a short text for IPv6. */
export type SessionKey = number | string;

/** Decides about new clients; `AccessGuard` is one. */
export interface SessionGuard {
  admit(client: string, nowMs: number): string | undefined;
  release(client: string): void;
}

/** A limit that several tables share; `SessionCap` is one. */
export interface SessionRoom {
  enter(): boolean;
  leave(): void;
}

/** What the table needs of a session; the rest is its owner's. */
export interface UdpSession {
  readonly key: SessionKey;
  readonly client: Endpoint;
  /** When something moved last, in monotonic milliseconds; its owner keeps it. */
  activeMs: number;
}

/** Why a client has no session. */
export interface SessionRefusal {
  readonly reason: string;
  /** Whether this client was not refused before within this minute: worth telling. */
  readonly isNews: boolean;
}

/** Options for {@linkcode UdpSessions}. */
export interface UdpSessionsOptions {
  /** A session without traffic for so long is over. */
  readonly idleMs: number;
  readonly guard: SessionGuard;
  readonly room: SessionRoom;
  readonly nowMs: number;
}

/** A refused client is not asked about again so soon: its next datagrams cost a look into a table. */
const HOLD_MS = 1000;
/** A refused client is told about once in this time. */
const NEWS_MS = 60_000;
/** Refused clients remembered; sources can be forged, so there may be any number. */
const MAX_HELD = 1024;

/**
 * The sessions of one tunnel by client endpoint: who gets one, and when it is over. When it is full new clients are
 * refused, never old ones pushed out: else a flood of forged sources would end every session.
 */
export class UdpSessions<T extends UdpSession> {
  readonly #sessions = new Map<SessionKey, T>();
  readonly #limits = new Map<T, Expiring>();
  readonly #options: UdpSessionsOptions;
  readonly #wheel: ExpiryWheel;
  /** Refused clients, and until when. */
  readonly #held = new Map<SessionKey, number>();
  #heldSinceMs: number;
  #expired: T[] = [];

  /** Empty. */
  constructor(options: UdpSessionsOptions) {
    this.#options = options;
    this.#heldSinceMs = options.nowMs;
    // A session lives up to one slot and one tick longer than its limit: an eighth, at most a second.
    const slotMs = Math.max(1, Math.min(1000, options.idleMs / 8));
    this.#wheel = new ExpiryWheel(options.nowMs, slotMs);
  }

  /** How many there are. */
  get size(): number {
    return this.#sessions.size;
  }

  /** The session of a client. */
  get(key: SessionKey): T | undefined {
    return this.#sessions.get(key);
  }

  /** Whether the client was refused a moment ago; it still is then. */
  isHeld(key: SessionKey, nowMs: number): boolean {
    return this.#held.size > 0 && nowMs < (this.#held.get(key) ?? -Infinity);
  }

  /**
   * Asks for a session. Who is let in has to be {@linkcode UdpSessions.add}ed or {@linkcode UdpSessions.giveUp}.
   *
   * @returns Why not; `undefined` if it may.
   */
  admit(key: SessionKey, client: Endpoint, nowMs: number): SessionRefusal | undefined {
    const reason = this.#options.guard.admit(client.address, nowMs);
    if (reason !== undefined) return this.refuse(key, reason, nowMs);
    if (this.#options.room.enter()) return undefined;
    this.#options.guard.release(client.address);
    return this.refuse(key, "full", nowMs);
  }

  /** Turns a client away that was not admitted, and for a moment to come. */
  refuse(key: SessionKey, reason: string, nowMs: number): SessionRefusal {
    this.#forgetHeld(nowMs);
    const isKnown = this.#held.has(key);
    const isNews = !isKnown && this.#held.size < MAX_HELD;
    if (isKnown || isNews) this.#held.set(key, nowMs + HOLD_MS);
    return { reason, isNews };
  }

  /** An admitted client gets no session after all. */
  giveUp(key: SessionKey, client: Endpoint, why: { reason: string; nowMs: number }): SessionRefusal {
    this.#leave(client);
    return this.refuse(key, why.reason, why.nowMs);
  }

  /** Enters an admitted client's session. */
  add(session: T): void {
    const limit: Expiring = {
      deadlineMs: () => session.activeMs + this.#options.idleMs,
      expire: () => {
        this.#expired.push(session);
      },
    };
    this.#sessions.set(session.key, session);
    this.#limits.set(session, limit);
    this.#wheel.add(limit);
  }

  /** Takes a session out. */
  remove(session: T): void {
    const limit = this.#limits.get(session);
    if (limit === undefined) return;
    this.#wheel.remove(limit);
    this.#limits.delete(session);
    this.#sessions.delete(session.key);
    this.#leave(session.client);
  }

  /** Takes out those whose time is up. @returns Them. */
  expire(nowMs: number): readonly T[] {
    this.#forgetHeld(nowMs);
    this.#wheel.advance(nowMs);
    const expired = this.#expired;
    this.#expired = [];
    for (const session of expired) this.remove(session);
    return expired;
  }

  /** Takes out all. @returns Them. */
  clear(): readonly T[] {
    const all = [...this.#sessions.values()];
    for (const session of all) this.remove(session);
    return all;
  }

  #leave(client: Endpoint): void {
    this.#options.guard.release(client.address);
    this.#options.room.leave();
  }

  #forgetHeld(nowMs: number): void {
    if (nowMs - this.#heldSinceMs < NEWS_MS) return;
    this.#held.clear();
    this.#heldSinceMs = nowMs;
  }
}
