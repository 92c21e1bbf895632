import { openDeadline } from "../core/deadline.ts";
import type { Endpoint } from "../core/endpoint.ts";
import { errorCode } from "../core/errors.ts";
import type { StreamConnection, StreamHandlers } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import type { ForwardOptions } from "./options.ts";
import { encodeProxyHeader } from "./proxy_protocol.ts";
import type { TokenBucket } from "./token_bucket.ts";

/** How a relay ended; for events. */
export type TcpEnd =
  | "eof"
  | "idle"
  | "reset by client"
  | "reset by target"
  | "stopped"
  | "target refused"
  | "target timed out"
  | "target unreachable";

/** What a relay needs of its tunnel. */
export interface TcpRelayHost {
  readonly platform: Platform;
  readonly options: ForwardOptions;
  readonly bucket: TokenBucket | undefined;
  /** Bytes that moved. */
  count(inBytes: number, outBytes: number): void;
  /** The target stands. */
  onConnected(relay: PortableTcpRelay): void;
  /** Both sides are let go of. Called once. */
  onEnd(relay: PortableTcpRelay, end: TcpEnd): void;
}

/** A sender that holds more for its receiver than this is not read from… */
const HIGH_WATER_BYTES = 262_144;
/** …until it holds less than this. */
const LOW_WATER_BYTES = 65_536;
/** Streams do not tell when they drain, so it is looked after. */
const LOOK_MS = 5;
const PAUSED = true;
const FLOWING = false;

/** One direction. */
interface Half {
  hasEnded: boolean;
  isHeld: boolean;
}

/**
 * One client's connection and its counterpart towards the target, on whatever streams the platform has. A FIN goes
 * on as a FIN after the last byte, a reset as a reset; a slow receiver holds its sender back.
 *
 * On the runtime's sockets (node:net of Deno 2.9.5) a side that has ended gets no more than its socket buffers hold
 * at once: a write that has to wait fails there, and the stream does not tell.
 *
 * A client that ended its side and then vanishes without a reset is noticed only when the target ends or idles.
 */
export class PortableTcpRelay {
  readonly client: Endpoint;
  readonly startedMs: number;
  bytesIn = 0;
  bytesOut = 0;
  readonly #host: TcpRelayHost;
  readonly #clientSide: StreamConnection;
  #targetSide: StreamConnection | undefined;
  readonly #in: Half = { hasEnded: false, isHeld: true };
  readonly #out: Half = { hasEnded: false, isHeld: false };
  readonly #connecting = new AbortController();
  #activeMs: number;
  #timer: Disposable | undefined;
  #isOver = false;

  /** Takes the ownership of an accepted connection; nothing is read from it until the target stands. */
  constructor(clientSide: StreamConnection, host: TcpRelayHost) {
    this.#clientSide = clientSide;
    this.#host = host;
    this.client = clientSide.remote;
    this.startedMs = this.#activeMs = host.platform.clock.now();
    clientSide.setPaused(PAUSED);
  }

  /** Our endpoint towards the target. */
  get local(): Endpoint | undefined {
    return this.#targetSide?.local;
  }

  /** Where the bytes go. */
  get target(): Endpoint | undefined {
    return this.#targetSide?.remote;
  }

  /** For the client's stream. */
  handlers(): StreamHandlers {
    return {
      onData: (data) => this.#move(data, this.#in),
      onEnd: (error) => this.#sideEnded(this.#in, error),
    };
  }

  /** Connects to the first target that accepts. Never rejects. */
  async connect(targets: readonly Endpoint[]): Promise<void> {
    const { platform, options } = this.#host;
    let end: TcpEnd = "target unreachable";
    for (const remote of targets) {
      using deadline = openDeadline(options.connectTimeoutMs, {
        clock: platform.clock,
        signal: this.#connecting.signal,
      });
      try {
        const stream = await platform.net.connectStream({
          remote,
          signal: deadline.signal,
          onData: (data) => this.#move(data, this.#out),
          onEnd: (error) => this.#sideEnded(this.#out, error),
        });
        if (this.#isOver) return stream.abort();
        return this.#begin(stream);
      } catch (error) {
        if (this.#isOver) return;
        end = endOf(error);
      }
    }
    this.stop(end);
  }

  /** Ends the relay if nothing moved for the idle limit. */
  tick(nowMs: number): void {
    if (nowMs - this.#activeMs >= this.#host.options.idleMs && this.#targetSide !== undefined) {
      this.stop("idle");
    }
  }

  /** Resets both sides. */
  stop(end: TcpEnd): void {
    if (this.#isOver) return;
    this.#clientSide.abort();
    this.#targetSide?.abort();
    this.#finish(end);
  }

  #begin(stream: StreamConnection): void {
    const { options } = this.#host;
    this.#targetSide = stream;
    this.#activeMs = this.#host.platform.clock.now();
    if (options.proxyProtocol !== undefined) {
      const { local: destination, remote: source } = this.#clientSide;
      stream.write(
        encodeProxyHeader({ version: options.proxyProtocol, protocol: "tcp", source, destination }),
      );
    }
    this.#host.onConnected(this);
    this.#setHeld(this.#in, FLOWING);
  }

  #move(data: Uint8Array, half: Half): void {
    const isIn = half === this.#in;
    const receiver = isIn ? this.#targetSide : this.#clientSide;
    if (this.#isOver || receiver === undefined) return;
    receiver.write(data);
    if (isIn) this.bytesIn += data.length;
    else this.bytesOut += data.length;
    this.#host.count(isIn ? data.length : 0, isIn ? 0 : data.length);
    const nowMs = this.#activeMs = this.#host.platform.clock.now();
    const waitMs = this.#host.bucket?.spend(data.length, nowMs) ?? 0;
    if (waitMs === 0 && receiver.pendingBytes < HIGH_WATER_BYTES) return;
    this.#setHeld(half, PAUSED);
    this.#lookAfter(Math.max(LOOK_MS, waitMs));
  }

  #sideEnded(half: Half, error: Error | undefined): void {
    if (this.#isOver) return;
    if (error !== undefined) return this.stop(half === this.#in ? "reset by client" : "reset by target");
    half.hasEnded = true;
    (half === this.#in ? this.#targetSide : this.#clientSide)?.end();
    if (this.#in.hasEnded && this.#out.hasEnded) this.#look();
  }

  /** Goes on reading where the receiver has caught up, and ends when all is said and sent. */
  #look(): void {
    const { platform, bucket } = this.#host;
    const pendingIn = this.#targetSide?.pendingBytes ?? 0;
    const pendingOut = this.#clientSide.pendingBytes;
    if (this.#in.hasEnded && this.#out.hasEnded && pendingIn + pendingOut === 0) return this.#finish("eof");
    const waitMs = bucket?.waitMs(0, platform.clock.now()) ?? 0;
    if (waitMs === 0 && pendingIn <= LOW_WATER_BYTES) this.#setHeld(this.#in, FLOWING);
    if (waitMs === 0 && pendingOut <= LOW_WATER_BYTES) this.#setHeld(this.#out, FLOWING);
    const isEnding = this.#in.hasEnded && this.#out.hasEnded;
    if (this.#in.isHeld || this.#out.isHeld || isEnding) this.#lookAfter(Math.max(LOOK_MS, waitMs));
  }

  #lookAfter(delayMs: number): void {
    if (this.#isOver) return;
    this.#timer ??= this.#host.platform.clock.schedule(delayMs, () => {
      this.#timer = undefined;
      this.#look();
    });
  }

  #setHeld(half: Half, isHeld: boolean): void {
    if (half.isHeld === isHeld || this.#isOver) return;
    half.isHeld = isHeld;
    (half === this.#in ? this.#clientSide : this.#targetSide)?.setPaused(isHeld);
  }

  #finish(end: TcpEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
    this.#connecting.abort(new DOMException("The relay ended", "AbortError"));
    this.#host.onEnd(this, end);
  }
}

function endOf(error: unknown): TcpEnd {
  const code = errorCode(error);
  if (code === "ECONNREFUSED") return "target refused";
  return code === "timeout" || code === "ETIMEDOUT" ? "target timed out" : "target unreachable";
}
