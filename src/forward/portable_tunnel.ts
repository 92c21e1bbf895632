import { type Endpoint, familyOf, formatEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { DatagramSocket, StreamConnection, StreamHandlers } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import { AccessGuard } from "./access_guard.ts";
import { SharedCounters } from "./counters.ts";
import { ForwardLoopError, ownEndpointOf } from "./forward_loop.ts";
import type { ClientRecord, ForwardCounters, ForwardSession } from "./forwarder.ts";
import type { ForwardOptions } from "./options.ts";
import { PortableTcpRelay, type TcpEnd } from "./portable_tcp.ts";
import { PortableUdpSession } from "./portable_udp.ts";
import { TargetResolver } from "./target_resolver.ts";
import { TokenBucket } from "./token_bucket.ts";

/** What one tunnel of the portable forwarder needs. */
export interface PortableTunnelOptions {
  readonly platform: Platform;
  readonly internal: Endpoint;
  readonly options: ForwardOptions;
  /** Must not throw. */
  readonly onClient: (record: ClientRecord) => void;
  readonly onClosed: (tunnel: PortableTunnel) => void;
}

/** At 150 KiB a connection on the runtime's sockets. */
const DEFAULT_MAX_SESSIONS = 4096;
/** Idle limits are looked after so often, or four times within one if it is shorter. */
const TICK_MS = 1000;
const IGNORE: StreamHandlers = { onData(): void {}, onEnd(): void {} };

/** One tunnel's listener, or public socket, and its clients. */
export class PortableTunnel implements ForwardSession {
  readonly method = "portable";
  readonly #parts: PortableTunnelOptions;
  readonly #guard: AccessGuard;
  readonly #bucket: TokenBucket | undefined;
  readonly #counts = new SharedCounters();
  readonly #relays = new Set<PortableTcpRelay>();
  readonly #sessions = new Map<string, PortableUdpSession>();
  readonly #connecting = new Set<Promise<void>>();
  /** Of whom `opened` was told, so that every `closed` has one before it. */
  readonly #told = new WeakSet<object>();
  #resolver: TargetResolver | undefined;
  #external: Endpoint | undefined;
  #socket: DatagramSocket | undefined;
  #listener: Disposable | undefined;
  #ticker: Disposable | undefined;
  #isClosed = false;

  private constructor(parts: PortableTunnelOptions) {
    const { access } = parts.options;
    this.#parts = parts;
    this.#guard = new AccessGuard({ ...access, maxSessions: access.maxSessions ?? DEFAULT_MAX_SESSIONS });
    this.#bucket = access.bytesPerSecond === undefined
      ? undefined
      : new TokenBucket(access.bytesPerSecond, parts.platform.clock.now());
  }

  /** Listens, and begins to resolve the target. @throws {ForwardLoopError} @throws {Error} With the kernel's code. */
  static async open(parts: PortableTunnelOptions): Promise<PortableTunnel> {
    const tunnel = new PortableTunnel(parts);
    try {
      tunnel.#resolver = TargetResolver.start({
        platform: parts.platform,
        target: parts.options.target,
        preferredFamily: familyOf(parts.internal.address),
        onTargets: () => {},
      });
      tunnel.#refuseLoop();
      await tunnel.#listen();
    } catch (error) {
      await tunnel[Symbol.asyncDispose]();
      throw error;
    }
    return tunnel;
  }

  get target(): Endpoint | undefined {
    return this.#targets()[0];
  }

  get counters(): ForwardCounters {
    return this.#counts.read();
  }

  retarget(external: Endpoint): void {
    this.#external = external;
    this.#resolver?.setExternalPort(external.port);
    try {
      this.#refuseLoop();
    } catch (error) {
      this.#parts.platform.log.error(errorMessage(error));
    }
  }

  suspend(): Promise<void> {
    this.#listener?.[Symbol.dispose]();
    this.#listener = undefined;
    return Promise.resolve();
  }

  async resume(): Promise<void> {
    if (!this.#isClosed && this.#listener === undefined) await this.#listen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener?.[Symbol.dispose]();
    for (const relay of [...this.#relays]) relay.stop("stopped");
    for (const session of [...this.#sessions.values()]) session.stop("stopped");
    this.#ticker?.[Symbol.dispose]();
    await this.#resolver?.[Symbol.asyncDispose]();
    await Promise.all(this.#connecting);
    this.#parts.onClosed(this);
  }

  /** Endpoints to try, those that would come back to us left out. */
  #targets(): readonly Endpoint[] {
    const own = { internal: this.#parts.internal, external: this.#external };
    return this.#resolver?.targets.filter((target) => ownEndpointOf(target, own) === undefined) ?? [];
  }

  #refuseLoop(): void {
    const own = { internal: this.#parts.internal, external: this.#external };
    for (const target of this.#resolver?.targets ?? []) {
      const ours = ownEndpointOf(target, own);
      if (ours !== undefined) throw new ForwardLoopError(target, ours);
    }
  }

  async #listen(): Promise<void> {
    const { platform, internal, options } = this.#parts;
    const bind = { local: internal, device: options.device, mark: options.mark, reusePort: true };
    if (options.protocol === "tcp") {
      this.#listener = await platform.net.listenStream({
        ...bind,
        onConnection: (connection) => this.#accept(connection),
        onError: (error) => platform.log.warn("Cannot accept client", { reason: errorMessage(error) }),
      });
      return;
    }
    this.#listener = this.#socket = await platform.net.openDatagram({
      ...bind,
      onDatagram: (data, from) => this.#takeDatagram(data, from),
      onError: () => {}, // ICMP about a client that went away
    });
  }

  #accept(connection: StreamConnection): StreamHandlers {
    const targets = this.#admit(connection.remote);
    if (targets === undefined) {
      connection.abort();
      return IGNORE;
    }
    const relay = new PortableTcpRelay(connection, {
      platform: this.#parts.platform,
      options: this.#parts.options,
      bucket: this.#bucket,
      count: (inBytes, outBytes) => this.#counts.count(inBytes, outBytes),
      onConnected: () => this.#tellOpened(relay),
      onEnd: (_relay, end) => {
        this.#relays.delete(relay);
        this.#tellClosed(relay, end);
      },
    });
    this.#relays.add(relay);
    this.#begin(relay.connect(targets));
    return relay.handlers();
  }

  #takeDatagram(data: Uint8Array, from: Endpoint): void {
    const key = formatEndpoint(from);
    const known = this.#sessions.get(key);
    if (known !== undefined) return known.send(data);
    const [target] = this.#admit(from) ?? [];
    if (target === undefined) return;
    const session = new PortableUdpSession(from, target, {
      platform: this.#parts.platform,
      options: this.#parts.options,
      internal: this.#parts.internal,
      mayPass: (bytes) => this.#bucket?.takeWhole(bytes, this.#parts.platform.clock.now()) ?? true,
      count: (inBytes, outBytes) => this.#counts.count(inBytes, outBytes),
      reply: (reply, client) => this.#reply(reply, client),
      onConnected: () => this.#tellOpened(session),
      onEnd: (_session, end) => {
        this.#sessions.delete(key);
        this.#tellClosed(session, end);
      },
    });
    this.#sessions.set(key, session);
    session.send(data);
    this.#begin(session.connect());
  }

  #reply(data: Uint8Array, client: Endpoint): void {
    try {
      this.#socket?.send(data, client);
    } catch {
      // The way to this client is down for the moment: lost, as on the wire.
    }
  }

  /** @returns Targets for an admitted client. */
  #admit(client: Endpoint): readonly Endpoint[] | undefined {
    const { platform, onClient } = this.#parts;
    const targets = this.#targets();
    const reason = targets.length === 0
      ? "target unknown"
      : this.#guard.admit(client.address, platform.clock.now());
    if (reason === undefined) return targets;
    this.#counts.refused();
    onClient({ state: "refused", client, reason });
    return undefined;
  }

  #begin(connecting: Promise<void>): void {
    this.#counts.opened();
    const done = connecting.finally(() => this.#connecting.delete(done));
    this.#connecting.add(done);
    this.#tickLater();
  }

  #tellOpened(one: PortableTcpRelay | PortableUdpSession): void {
    const { client, local, target } = one;
    this.#told.add(one);
    this.#parts.onClient({ state: "opened", client, ...(local && { local }), ...(target && { target }) });
  }

  #tellClosed(one: PortableTcpRelay | PortableUdpSession, reason: TcpEnd): void {
    const { client, local, target, bytesIn, bytesOut } = one;
    if (!this.#told.has(one)) this.#tellOpened(one);
    this.#guard.release(client.address);
    this.#counts.closed();
    if (reason.startsWith("target ")) this.#resolver?.reportFailure();
    this.#parts.onClient({
      state: "closed",
      client,
      ...(local && { local }),
      ...(target && { target }),
      bytesIn,
      bytesOut,
      durationMs: Math.round(this.#parts.platform.clock.now() - one.startedMs),
      reason,
    });
  }

  #tickLater(): void {
    if (this.#isClosed) return;
    const { platform, options } = this.#parts;
    this.#ticker ??= platform.clock.schedule(Math.min(TICK_MS, options.idleMs / 4), () => {
      this.#ticker = undefined;
      const nowMs = platform.clock.now();
      for (const relay of [...this.#relays]) relay.tick(nowMs);
      for (const session of [...this.#sessions.values()]) session.tick(nowMs);
      if (this.#relays.size + this.#sessions.size > 0) this.#tickLater();
    });
  }
}
