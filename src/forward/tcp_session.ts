import {
  acknowledgeAtOnce,
  type Descriptor,
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  errnoName,
  localAddress,
  resetSocketOnClose,
  takeSocketError,
} from "../../ffi/mod.ts";
import type { Endpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import type { LoopHandler } from "./data_loop.ts";
import type { Expiring } from "./expiry_wheel.ts";
import type { ClientRecord } from "./forwarder.ts";
import { encodeProxyHeader } from "./proxy_protocol.ts";
import type { RelayParts } from "./relay_host.ts";
import { endpointOf } from "../net/socket_address.ts";
import { beginConnect } from "./tcp_connect.ts";
import { type PumpEnd, TcpLane } from "./tcp_lane.ts";
import { type RelaySide, TcpRelay } from "./tcp_relay.ts";
import type { TcpShared } from "./tcp_shared.ts";

/** Bytes of a bulky direction per turn: keeps others waiting for a tenth of a millisecond. */
const SLICE_BYTES = 262_144;

/** Whose connection it is and who is told. */
export interface TcpSessionOwner {
  readonly parts: RelayParts;
  readonly shared: TcpShared;
  /** The session is over; its descriptors are closed at the end of the batch. */
  onEnd(session: TcpSession): void;
  /** Pumps the lane again when the rate allows it. */
  throttle(lane: TcpLane, resume: () => void): void;
}

/** What a session begins with. */
export interface TcpSessionOptions {
  readonly client: Descriptor;
  readonly remote: Endpoint;
  /** Tried in turn. */
  readonly targets: readonly Endpoint[];
}

/** One client's connection and the one to the target. It owns both descriptors. */
export class TcpSession implements Expiring, LoopHandler {
  /** The client. */
  readonly remote: Endpoint;
  readonly #owner: TcpSessionOwner;
  readonly #relay = new TcpRelay();
  readonly #up: TcpLane;
  readonly #down: TcpLane;
  readonly #client: Descriptor;
  readonly #targets: readonly Endpoint[];
  readonly #beganMs: number;
  #attempt = 0;
  #target: Descriptor | undefined;
  #local: Endpoint | undefined;
  #activeMs: number;
  #countedIn = 0;
  #countedOut = 0;
  #isOver = false;

  /** Nothing happens before {@linkcode TcpSession.start}. */
  constructor(owner: TcpSessionOwner, options: TcpSessionOptions) {
    const { shared, parts } = owner;
    this.#owner = owner;
    this.#client = options.client;
    this.remote = options.remote;
    this.#targets = options.targets;
    const { up, down } = this.#relay;
    this.#up = new TcpLane({ half: up, opposite: down, shared, bucket: parts.bucket });
    this.#down = new TcpLane({ half: down, opposite: up, shared, bucket: parts.bucket });
    this.#beganMs = this.#activeMs = shared.loop.nowMs();
    parts.counters.opened();
  }

  /** Watches the client and connects to the first target. */
  start(): void {
    const { loop, wheel } = this.#owner.shared;
    loop.add(this.#client.number, this);
    this.#connect(this.#beganMs);
    if (!this.#isOver) wheel.add(this);
  }

  /** Ends both connections by RST. @param reason For the record. */
  reset(reason: string): void {
    if (this.#isOver) return;
    resetSocketOnClose(this.#client);
    if (this.#target !== undefined) resetSocketOnClose(this.#target);
    this.#end(reason);
  }

  deadlineMs(): number {
    if (this.#isOver) return Infinity;
    const { idleMs, connectTimeoutMs } = this.#owner.parts.options;
    return this.#activeMs + (this.#relay.isConnected ? idleMs : connectTimeoutMs);
  }

  expire(nowMs: number): void {
    if (this.#isOver) return;
    if (this.#relay.isConnected) return this.reset("idle");
    this.#attemptFailed("target timed out", nowMs);
    if (!this.#isOver) this.#owner.shared.wheel.add(this);
  }

  /** For the loop. */
  onEvents(events: number, nowMs: number, fd: number): void {
    if (this.#isOver) return;
    const side = fd === this.#client.number ? "client" : "target";
    const isNew = side === "target" && !this.#relay.isConnected;
    if (isNew && !this.#finishConnect(events, nowMs)) return;
    const socket = side === "client" ? this.#client : this.#target;
    const verdict = this.#relay.onEvents(side, {
      isReadable: (events & EPOLLIN) !== 0,
      isWritable: (events & EPOLLOUT) !== 0,
      hasHangup: (events & (EPOLLRDHUP | EPOLLHUP)) !== 0,
      hasError: (events & EPOLLERR) !== 0,
    });
    if (verdict === "check-error" && socket !== undefined) {
      const errno = takeSocketError(socket);
      if (errno !== 0) return this.#fail(side, errno);
    }
    this.#pumpOrQueue(this.#up);
    if (isNew && !this.#isOver && socket !== undefined) acknowledgeAtOnce(socket);
    if (!this.#isOver) this.#pumpOrQueue(this.#down);
  }

  #connect(nowMs: number): void {
    const { parts, shared } = this.#owner;
    const target = this.#targets[this.#attempt];
    if (target === undefined) return;
    this.#activeMs = nowMs;
    try {
      this.#target = beginConnect(target, parts.options.isTransparent ? this.remote : undefined);
    } catch (error) {
      return this.#attemptFailed(describeRefusal(errorCode(error) ?? errorMessage(error)), nowMs);
    }
    shared.loop.add(this.#target.number, this);
  }

  /** @returns Whether the target has accepted. */
  #finishConnect(events: number, nowMs: number): boolean {
    const target = this.#target;
    if (target === undefined) return false;
    // A refusal always is an error or a hangup, so that most need not be asked.
    const errno = (events & (EPOLLERR | EPOLLHUP)) === 0 ? 0 : takeSocketError(target);
    if (errno !== 0) {
      this.#attemptFailed(describeRefusal(errnoName(errno)), nowMs);
      return false;
    }
    const header = this.#proxyHeader();
    this.#up.open(this.#client, target, header);
    this.#down.open(target, this.#client);
    this.#relay.connected(header?.length ?? 0);
    this.#activeMs = nowMs;
    this.#local = this.#owner.shared.peers.localOf(target);
    this.#tell("opened");
    // The client's limit is another one from now on, which may be sooner.
    this.#owner.shared.wheel.add(this);
    return true;
  }

  #attemptFailed(reason: string, nowMs: number): void {
    if (this.#target !== undefined) this.#owner.shared.loop.close(this.#target);
    this.#target = undefined;
    this.#attempt++;
    if (this.#attempt < this.#targets.length) return this.#connect(nowMs);
    this.#owner.parts.onTargetFailed();
    this.reset(reason);
  }

  #proxyHeader(): Uint8Array<ArrayBuffer> | undefined {
    const version = this.#owner.parts.options.proxyProtocol;
    if (version === undefined) return undefined;
    const destination = endpointOf(localAddress(this.#client));
    return encodeProxyHeader({ version, protocol: "tcp", source: this.remote, destination });
  }

  #pumpOrQueue(lane: TcpLane): void {
    if (lane.isQueued) return;
    if (lane.half.isBulk && lane.half.step() !== "wait") return this.#queue(lane);
    this.#settle(lane, lane.pump(SLICE_BYTES));
  }

  #queue(lane: TcpLane): void {
    lane.isQueued = true;
    this.#owner.shared.loop.defer(() => this.#resume(lane));
  }

  #resume(lane: TcpLane): void {
    lane.isQueued = false;
    if (!this.#isOver) this.#settle(lane, lane.pump(SLICE_BYTES));
  }

  #settle(lane: TcpLane, end: PumpEnd): void {
    this.#count();
    if (end === "more") return this.#queue(lane);
    if (end === "throttled") {
      lane.isQueued = true;
      return this.#owner.throttle(lane, () => this.#resume(lane));
    }
    if (end !== "idle") {
      const isSource = end === "source-failed";
      return this.#fail((lane === this.#up) === isSource ? "client" : "target", lane.errno);
    }
    if (this.#relay.fate === "closed") this.#end("eof");
  }

  #fail(side: RelaySide, errno: number): void {
    this.#relay.fail(side);
    const name = errnoName(errno);
    const isReset = name === "ECONNRESET" || name === "EPIPE";
    this.reset(isReset ? `reset by ${side}` : `${side}: ${name}`);
  }

  #count(): void {
    const bytesIn = Math.max(0, this.#up.bytes);
    const bytesOut = this.#down.bytes;
    if (bytesIn === this.#countedIn && bytesOut === this.#countedOut) return;
    this.#owner.parts.counters.count(bytesIn - this.#countedIn, bytesOut - this.#countedOut);
    this.#countedIn = bytesIn;
    this.#countedOut = bytesOut;
    this.#activeMs = this.#owner.shared.loop.nowMs();
  }

  #tell(state: "opened" | "closed", reason?: string): void {
    const { parts, shared } = this.#owner;
    const target = this.#targets[Math.min(this.#attempt, this.#targets.length - 1)];
    const record: { -readonly [Key in keyof ClientRecord]: ClientRecord[Key] } = {
      state,
      client: this.remote,
    };
    if (this.#local !== undefined) record.local = this.#local;
    if (target !== undefined) record.target = target;
    if (state === "closed") {
      record.bytesIn = this.#countedIn;
      record.bytesOut = this.#countedOut;
      record.durationMs = Math.round(shared.loop.nowMs() - this.#beganMs);
    }
    if (reason !== undefined) record.reason = reason;
    parts.onClient(record);
  }

  #end(reason: string): void {
    this.#isOver = true;
    const { loop, wheel } = this.#owner.shared;
    this.#count();
    this.#up.drop();
    this.#down.drop();
    wheel.remove(this);
    loop.close(this.#client);
    if (this.#target !== undefined) loop.close(this.#target);
    this.#owner.parts.counters.closed();
    if (!this.#relay.isConnected) this.#tell("opened"); // so that each end has its beginning
    this.#tell("closed", reason);
    this.#owner.onEnd(this);
  }
}

/** How a target that did not accept is told. */
function describeRefusal(code: string): string {
  switch (code) {
    case "ECONNREFUSED":
      return "target refused";
    case "ETIMEDOUT":
      return "target timed out";
    case "ECONNRESET": // accepted, and reset before we looked
      return "reset by target";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EADDRNOTAVAIL":
    case "EHOSTDOWN":
    case "ENETDOWN":
      return "target unreachable";
    default:
      return `target: ${code}`;
  }
}
