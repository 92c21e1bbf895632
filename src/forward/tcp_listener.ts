import { EPOLLIN, resetSocketOnClose } from "../../ffi/mod.ts";
import type { Endpoint } from "../core/endpoint.ts";
import { errorCode } from "../core/errors.ts";
import type { RelayParts, TunnelRelay } from "./relay_host.ts";
import type { TcpLane } from "./tcp_lane.ts";
import type { TcpClient } from "./tcp_peers.ts";
import { TcpSession, type TcpSessionOwner } from "./tcp_session.ts";
import type { TcpShared } from "./tcp_shared.ts";

/** Accepted before others get their turn. */
const ACCEPTS_PER_WAKE = 64;

/** No connection of ours may close soon, so the kernel is asked again after this as well. */
const EXHAUSTED_PAUSE_MS = 1000;

const EXHAUSTED: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);

/** Shortest pause of a limited rate: finer ones would only cost wakes. */
const THROTTLE_MS_MIN = 5;

/**
 * Accepts one tunnel's clients and relays each to the target. While descriptors or the cap are used up it does not
 * listen for events, so that waiting clients cost nothing; they wait in the kernel's queue.
 */
export class TcpListener implements TunnelRelay, TcpSessionOwner {
  readonly parts: RelayParts;
  readonly shared: TcpShared;
  readonly #sessions = new Set<TcpSession>();
  readonly #throttled = new Map<TcpLane, () => void>();
  #throttleTimer: Disposable | undefined;
  #pauseTimer: Disposable | undefined;
  #targets: readonly Endpoint[] = [];
  #isPaused = true;
  #isClosed = false;
  #wasFull = false;
  readonly #resume = (): void => this.#listen();

  /** Begins to accept. @throws {SystemError} */
  constructor(parts: RelayParts, shared: TcpShared) {
    this.parts = parts;
    this.shared = shared;
    shared.loop.tickWithin(Math.min(parts.options.idleMs, parts.options.connectTimeoutMs));
    this.#listen();
  }

  setTargets(targets: readonly Endpoint[]): void {
    this.#targets = targets;
  }

  /** For the loop. */
  onEvents(_events: number, nowMs: number): void {
    for (let i = 0; i < ACCEPTS_PER_WAKE; i++) {
      if (this.parts.cap.count >= this.parts.cap.max) return this.#pauseForCap();
      let accepted: TcpClient | undefined;
      try {
        accepted = this.shared.peers.accept(this.parts.fd);
      } catch (error) {
        const code = errorCode(error);
        if (EXHAUSTED.has(code ?? "")) return this.#pause(code ?? "");
        continue; // ECONNABORTED, EPROTO, … are the fate of one client
      }
      if (accepted === undefined) return;
      this.#welcome(accepted, nowMs);
    }
  }

  onEnd(session: TcpSession): void {
    this.#sessions.delete(session);
    this.parts.guard.release(session.remote.address);
    this.parts.cap.leave();
  }

  throttle(lane: TcpLane, resume: () => void): void {
    this.#throttled.set(lane, resume);
    const { loop } = this.shared;
    const waitMs = Math.max(THROTTLE_MS_MIN, lane.waitMs(loop.nowMs()));
    this.#throttleTimer ??= loop.after(waitMs, () => this.#resumeThrottled());
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isPaused) this.shared.loop.remove(this.parts.fd);
    this.#pauseTimer?.[Symbol.dispose]();
    this.#throttleTimer?.[Symbol.dispose]();
    this.parts.cap.forget(this.#resume);
    for (const session of [...this.#sessions]) session.reset("stopped");
  }

  #welcome({ socket, remote: client }: TcpClient, nowMs: number): void {
    const refusal = this.#targets.length === 0
      ? "target unknown"
      : this.parts.guard.admit(client.address, nowMs);
    if (refusal !== undefined) {
      resetSocketOnClose(socket);
      socket[Symbol.dispose]();
      this.parts.counters.refused();
      this.parts.onClient({ state: "refused", client, reason: refusal });
      return;
    }
    this.parts.cap.enter();
    const session = new TcpSession(this, { client: socket, remote: client, targets: this.#targets });
    this.#sessions.add(session);
    session.start();
  }

  #listen(): void {
    this.#pauseTimer?.[Symbol.dispose]();
    this.#pauseTimer = undefined;
    this.parts.cap.forget(this.#resume);
    if (this.#isClosed || !this.#isPaused) return;
    this.#isPaused = false;
    this.shared.loop.add(this.parts.fd, this, EPOLLIN);
  }

  #pauseForCap(): void {
    const { max } = this.parts.cap;
    if (!this.#wasFull) this.parts.log("warn", "All connections are in use; new clients wait", { max });
    this.#wasFull = true;
    this.#rest();
  }

  #pause(code: string): void {
    if (!this.#wasFull) this.parts.log("warn", "Cannot accept clients for now", { reason: code });
    this.#wasFull = true;
    this.#rest();
    this.#pauseTimer = this.shared.loop.after(EXHAUSTED_PAUSE_MS, this.#resume);
  }

  #rest(): void {
    this.#isPaused = true;
    this.shared.loop.remove(this.parts.fd);
    this.parts.cap.whenLeft(this.#resume);
  }

  #resumeThrottled(): void {
    this.#throttleTimer = undefined;
    const due = [...this.#throttled.values()];
    this.#throttled.clear();
    for (const resume of due) resume();
  }
}
