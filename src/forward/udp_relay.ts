import { decodeSockaddr, EPOLLIN, ERRNO } from "../../ffi/mod.ts";
import { askReceiveBuffer, joinReceivedDatagrams } from "../../ffi/udp_options.ts";
import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import type { LoopHandler, LoopTicker } from "./data_loop.ts";
import { encodeProxyHeader } from "./proxy_protocol.ts";
import type { RelayParts, TunnelRelay } from "./relay_host.ts";
import type { SendLimit } from "./udp_batch.ts";
import { ClientSession } from "./udp_client_session.ts";
import { addSlot, type ReplySender, UdpEngine } from "./udp_engine.ts";
import { copyPeer, peerEndpoint, peerKey } from "./udp_peer.ts";
import { type SessionKey, type SessionRefusal, UdpSessions } from "./udp_sessions.ts";
import { openUpstream, RECEIVE_BUFFER_BYTES, type Upstream } from "./udp_upstream.ts";

/** The same trouble is said once in this time. */
const SAY_AGAIN_MS = 60_000;

/** A target that refuses makes its name resolved again, not more often than this. */
const TARGET_FAILED_MS = 10_000;

/** Options for {@linkcode UdpRelay} beyond its parts. */
export interface UdpRelayOptions {
  /** Shared by the relays of one thread, and disposed after them. @default {one of its own} */
  readonly engine?: UdpEngine;
  /** UDP_GRO: pays only where traffic arrives joined, such as from QUIC senders on this host. @default {false} */
  readonly isJoined?: boolean;
  /** UDP_SEGMENT: runs of equal datagrams leave by one call. @default {true} */
  readonly isSegmented?: boolean;
}

/** Datagrams that did not get through. */
export interface UdpDrops {
  /** The kernel did not take them: no room, no route, too long. */
  refused: number;
  /** Over the tunnel's bytes per second. */
  overRate: number;
  /** Longer than any datagram can be. */
  truncated: number;
}

/**
 * Relays the datagrams of one UDP tunnel: many at a time from the public socket, one connected socket for each client
 * towards the target, replies from the public socket. Order within a flow is kept; what the kernel does not take is
 * lost, as on the wire. Disposing ends its sessions; the public socket stays its owner's.
 */
export class UdpRelay implements TunnelRelay, LoopHandler, LoopTicker, ReplySender {
  /** The public socket. */
  readonly fd: number;
  /** Of the public socket. */
  readonly limit: SendLimit;
  /** So far. */
  readonly drops: UdpDrops = { refused: 0, overRate: 0, truncated: 0 };
  readonly #parts: RelayParts;
  readonly #options: UdpRelayOptions;
  readonly #engine: UdpEngine;
  readonly #sessions: UdpSessions<ClientSession>;
  /** By slot: the next of the same session; -1 for none. */
  readonly #nextSlot: Int32Array;
  readonly #touched: ClientSession[] = [];
  readonly #mayPass: (bytes: number) => boolean;
  #targets: readonly Endpoint[] = [];
  #saidFullMs = -Infinity;
  #saidDropsMs: number;
  #saidDrops = 0;
  #targetFailedMs = -Infinity;
  #isClosed = false;

  /** Begins to receive. @throws {SystemError} */
  constructor(parts: RelayParts, options: UdpRelayOptions = {}) {
    const { isJoined = false, isSegmented = true } = options;
    using rollback = new DisposableStack();
    const nowMs = parts.loop.nowMs();
    this.#parts = parts;
    this.#options = { isJoined, isSegmented, ...options };
    this.fd = parts.fd;
    this.limit = newLimit(isSegmented);
    const { idleMs } = parts.options;
    this.#sessions = new UdpSessions({ idleMs, guard: parts.guard, room: parts.cap, nowMs });
    this.#saidDropsMs = nowMs;
    this.#mayPass = (bytes): boolean => this.#isWithinRate(bytes);
    this.#engine = options.engine ?? rollback.use(UdpEngine.open());
    this.#nextSlot = new Int32Array(this.#engine.inbox.slots);
    const granted = askReceiveBuffer(parts.fd, RECEIVE_BUFFER_BYTES);
    if (isJoined) joinReceivedDatagrams(parts.fd);
    const fields = { grantedBytes: granted, askedBytes: RECEIVE_BUFFER_BYTES };
    parts.log("info", "UDP receive buffer", fields);
    parts.loop.add(parts.fd, this, EPOLLIN);
    parts.loop.addTicker(this);
    rollback.move();
  }

  /** Sessions now. */
  get active(): number {
    return this.#sessions.size;
  }

  setTargets(targets: readonly Endpoint[]): void {
    this.#targets = targets;
  }

  /** The public socket is readable: one batch, so that others get their turn; the kernel tells of the rest again. */
  onEvents(_events: number, nowMs: number): void {
    const { inbox } = this.#engine;
    const count = inbox.receive(this.fd);
    if (count <= 0) return;
    let lastKey: SessionKey | undefined;
    let session: ClientSession | undefined;
    for (let slot = 0; slot < count; slot++) {
      if (inbox.isTruncated[slot] === 1) {
        this.drops.truncated++;
        continue;
      }
      const key = peerKey(inbox.peers, slot);
      if (key !== lastKey) {
        session = this.#sessions.get(key) ?? this.#open(key, slot, nowMs);
        lastKey = key;
      }
      if (session !== undefined) this.#chain(session, slot);
    }
    let bytes = 0;
    for (const touched of this.#touched) bytes += this.#forward(touched, nowMs);
    this.#touched.length = 0;
    if (bytes > 0) this.#parts.counters.count(bytes, 0);
  }

  onReplied(bytes: number, dropped: number): void {
    this.drops.refused += dropped;
    if (bytes > 0) this.#parts.counters.count(0, bytes);
  }

  tick(nowMs: number): void {
    for (const session of this.#sessions.expire(nowMs)) this.#end(session, "idle", nowMs);
    this.#sayDrops(nowMs);
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { loop } = this.#parts;
    loop.remove(this.fd);
    loop.removeTicker(this);
    this.#engine.flushReplies();
    for (const session of this.#sessions.clear()) this.#end(session, "stopped", loop.nowMs());
    if (this.#options.engine === undefined) this.#engine[Symbol.dispose]();
  }

  #chain(session: ClientSession, slot: number): void {
    this.#nextSlot[slot] = -1;
    if (session.firstSlot < 0) {
      session.firstSlot = slot;
      this.#touched.push(session);
    } else {
      this.#nextSlot[session.lastSlot] = slot;
    }
    session.lastSlot = slot;
  }

  /** Sends one session's datagrams of this round. @returns Bytes. */
  #forward(session: ClientSession, nowMs: number): number {
    const { inbox, forward } = this.#engine;
    let slot = session.firstSlot;
    session.firstSlot = -1;
    for (; slot >= 0; slot = this.#nextSlot[slot] ?? -1) {
      addSlot(forward, { inbox, slot, flow: session }, this.#mayPass);
    }
    if (forward.count === 0) return 0;
    session.activeMs = nowMs;
    if (session.header !== undefined) forward.setPrefix(session.header);
    const before = forward.dropped;
    const bytes = forward.flush(session.fd, session.limit);
    this.drops.refused += forward.dropped - before;
    if (!forward.isFirstLost) session.header = undefined;
    return bytes;
  }

  /** An upstream socket is readable, or tells of an ICMP error. */
  #receive(session: ClientSession, nowMs: number): void {
    const { loop } = this.#parts;
    const from = { fd: session.fd, flow: session, sender: this, loop };
    const count = this.#engine.collectReplies(from, this.#mayPass);
    if (count > 0) session.activeMs = nowMs;
    else if (count === -ERRNO.ECONNREFUSED) this.#tellTargetFailed(nowMs);
  }

  #open(key: SessionKey, slot: number, nowMs: number): ClientSession | undefined {
    if (this.#sessions.isHeld(key, nowMs)) return undefined;
    const peer = copyPeer(this.#engine.inbox.peers, slot);
    const client = peerEndpoint(peer);
    if (client === undefined) return undefined;
    const refusal = this.#engine.ownEndpoints.has(formatEndpoint(client))
      ? this.#sessions.refuse(key, "loop", nowMs)
      : this.#sessions.admit(key, client, nowMs);
    if (refusal !== undefined) return this.#refuse(client, refusal, nowMs);
    const upstream = this.#connect(peer);
    if (typeof upstream === "string") {
      return this.#refuse(client, this.#sessions.giveUp(key, client, { reason: upstream, nowMs }), nowMs);
    }
    const session = new ClientSession({ key, client, peer }, upstream, {
      nowMs,
      limit: newLimit(this.#options.isSegmented !== false),
      header: this.#header(client),
      onReady: (ready, readyMs) => this.#receive(ready, readyMs),
    });
    this.#begin(session);
    return session;
  }

  #connect(peer: Uint32Array<ArrayBuffer>): Upstream | string {
    const { options } = this.#parts;
    const bytes = new Uint8Array(peer.buffer);
    const upstream = openUpstream(this.#targets, {
      source: options.isTransparent ? decodeSockaddr(bytes) : undefined,
      isJoined: this.#options.isJoined,
    });
    const isTargetAtFault = typeof upstream === "string" && upstream.startsWith("target");
    if (isTargetAtFault) this.#parts.onTargetFailed();
    return upstream;
  }

  #header(client: Endpoint): Uint8Array | undefined {
    // Version 1 has no words for UDP.
    if (this.#parts.options.proxyProtocol !== "v2") return undefined;
    const destination = this.#parts.internal;
    return encodeProxyHeader({ version: "v2", protocol: "udp", source: client, destination });
  }

  #begin(session: ClientSession): void {
    const { loop, counters, onClient, options } = this.#parts;
    loop.add(session.fd, session, EPOLLIN);
    this.#sessions.add(session);
    if (!options.isTransparent) this.#engine.ownEndpoints.add(formatEndpoint(session.local));
    counters.opened();
    onClient({ state: "opened", client: session.client, local: session.local, target: session.target });
  }

  /** The session has left the table. */
  #end(session: ClientSession, reason: "idle" | "stopped", nowMs: number): void {
    const { loop, counters, onClient } = this.#parts;
    const { client, local, target, bytesIn, bytesOut } = session;
    this.#engine.ownEndpoints.delete(formatEndpoint(local));
    loop.close(session.descriptor);
    counters.closed();
    const durationMs = Math.round(nowMs - session.openedMs);
    onClient({ state: "closed", client, local, target, bytesIn, bytesOut, durationMs, reason });
  }

  #refuse(client: Endpoint, refusal: SessionRefusal, nowMs: number): undefined {
    const { counters, onClient, log } = this.#parts;
    counters.refused();
    const { reason, isNews } = refusal;
    if (isNews) onClient({ state: "refused", client, reason });
    if (reason !== "full" || nowMs - this.#saidFullMs < SAY_AGAIN_MS) return undefined;
    this.#saidFullMs = nowMs;
    log("warn", "New UDP clients are refused: all sessions are taken", { sessions: this.active });
    return undefined;
  }

  #isWithinRate(bytes: number): boolean {
    const { bucket, loop } = this.#parts;
    if (bucket === undefined || bucket.takeWhole(bytes, loop.nowMs())) return true;
    this.drops.overRate++;
    return false;
  }

  #tellTargetFailed(nowMs: number): void {
    if (nowMs - this.#targetFailedMs < TARGET_FAILED_MS) return;
    this.#targetFailedMs = nowMs;
    this.#parts.onTargetFailed();
  }

  #sayDrops(nowMs: number): void {
    const { refused, overRate, truncated } = this.drops;
    const total = refused + overRate + truncated;
    if (total === this.#saidDrops || nowMs - this.#saidDropsMs < SAY_AGAIN_MS) return;
    this.#saidDrops = total;
    this.#saidDropsMs = nowMs;
    this.#parts.log("info", "Datagrams dropped so far", { ...this.drops });
  }
}

function newLimit(isSegmented: boolean): SendLimit {
  return { segmentBytes: isSegmented ? Infinity : 0 };
}
