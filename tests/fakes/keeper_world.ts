import { type Endpoint, formatEndpoint, type HostPort } from "../../src/core/endpoint.ts";
import type { LogFields, Logger } from "../../src/core/log.ts";
import type { StreamConnection } from "../../src/core/net.ts";
import type { Platform } from "../../src/core/platform.ts";
import { ATTRIBUTE, encodeAddress } from "../../src/stun/attributes.ts";
import { BINDING_METHOD, decodeMessage, encodeMessage } from "../../src/stun/message.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeNet } from "./fake_net.ts";
import { fakeRandom } from "./fake_random.ts";

/** Counts the abort listeners that are on a signal now. */
export function countListeners(signal: AbortSignal): { readonly count: number } {
  const counted = { count: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  const wrapped = new Map<unknown, () => void>();
  signal.addEventListener = (type: string, listener: unknown, options?: unknown): void => {
    if (typeof listener !== "function") throw new TypeError("Cannot count listener objects");
    const call = (): void => {
      if ((options as { once?: boolean } | undefined)?.once) forget(listener);
      listener();
    };
    wrapped.set(listener, call);
    counted.count++;
    add(type as "abort", call);
  };
  signal.removeEventListener = (type: string, listener: unknown): void => {
    const call = wrapped.get(listener);
    if (call === undefined) return;
    remove(type as "abort", call);
    forget(listener);
  };
  function forget(listener: unknown): void {
    if (wrapped.delete(listener)) counted.count--;
  }
  return counted;
}

/** What one keep-alive host does with a connection. */
export type HostManners =
  | "patient"
  | "silent"
  | "closes-at-once"
  | "closes-after-request"
  | "resets-at-once"
  | "resets-after-request";

/** A NAT as STUN servers see it: endpoint-independent until told otherwise. */
export class FakeNat {
  address = "203.0.113.10";
  /** Address-dependent mapping: every server sees another port. */
  isSymmetric = false;
  readonly #ports = new Map<string, number>();
  #nextPort = 14_500;

  /** External endpoint of `internal` as `server` sees it. */
  map(protocol: string, internal: Endpoint, server: Endpoint): Endpoint {
    const destination = this.isSymmetric ? formatEndpoint(server) : "any";
    const key = `${protocol} ${formatEndpoint(internal)} ${destination}`;
    const port = this.#ports.get(key) ?? this.#nextPort++;
    this.#ports.set(key, port);
    return { address: this.address, port };
  }

  /** Forgets every mapping; the next ones have other ports. */
  restart(): void {
    this.#ports.clear();
  }
}

/** Log lines as text, for tests that look at them. */
export class LogBook implements Logger {
  readonly lines: string[] = [];
  debug(message: string, fields?: LogFields): void {
    this.#note("debug", message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#note("info", message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#note("warn", message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#note("error", message, fields);
  }
  #note(level: string, message: string, fields: LogFields | undefined): void {
    this.lines.push(`${level} ${message}${fields === undefined ? "" : ` ${JSON.stringify(fields)}`}`);
  }
}

/** One STUN server in a {@linkcode KeeperWorld}. */
export interface WorldStun {
  readonly spec: HostPort;
  /** From now on the address swallows everything. */
  die(): void;
  /** Answers again. */
  revive(): void;
  /** When each UDP request arrived. */
  readonly askedMs: readonly number[];
}

/** One keep-alive host in a {@linkcode KeeperWorld}. */
export interface WorldHost {
  readonly spec: HostPort;
  manners: HostManners;
  /** Connections that stand now. */
  readonly standing: ReadonlySet<StreamConnection>;
  /** When each connection arrived. */
  readonly arrivedMs: readonly number[];
  /** What was requested, as text. */
  readonly requests: readonly string[];
}

/** Network, clock, NAT, STUN servers and keep-alive hosts in memory. */
export class KeeperWorld {
  readonly clock: FakeClock = new FakeClock();
  readonly net: FakeNet = new FakeNet({ clock: this.clock });
  readonly log: LogBook = new LogBook();
  readonly nat: FakeNat = new FakeNat();
  readonly platform: Platform = { net: this.net, clock: this.clock, random: fakeRandom(7), log: this.log };
  readonly #own = new Set<object>();

  /** Sockets open on the side that is tested, and connections that hang half open between both sides. */
  get openSockets(): number {
    return [...this.net.open].filter((one) => !this.#own.has(one)).length;
  }

  /** Starts a STUN server, UDP and TCP, under a name that resolves to `address`. */
  async addStun(address: string, name = `stun-${address}`): Promise<WorldStun> {
    const at: Endpoint = { address, port: 3478 };
    const askedMs: number[] = [];
    this.net.names.set(name, [address]);
    const socket = await this.net.openDatagram({
      local: at,
      onDatagram: (data, from) => {
        askedMs.push(this.clock.now());
        socket.send(answerTo(data, this.nat.map("udp", from, at)), from);
      },
    });
    const listener = await this.net.listenStream({
      local: at,
      onConnection: (connection) => ({
        onData: (data) => connection.write(answerTo(data, this.nat.map("tcp", connection.remote, at))),
        onEnd: () => connection.abort(),
      }),
    });
    this.#own.add(socket).add(listener);
    return {
      spec: { host: name, port: 3478 },
      askedMs,
      die: () => void this.net.silent.add(address),
      revive: () => void this.net.silent.delete(address),
    };
  }

  /** Starts a keep-alive host under a name that resolves to `address`. */
  async addHost(address: string, manners: HostManners = "patient"): Promise<WorldHost> {
    const name = `host-${address}`;
    this.net.names.set(name, [address]);
    const standing = new Set<StreamConnection>();
    const arrivedMs: number[] = [];
    const requests: string[] = [];
    const host = { spec: { host: name, port: 80 }, manners, standing, arrivedMs, requests };
    const listener = await this.net.listenStream({
      local: { address, port: 80 },
      onConnection: (connection) => {
        standing.add(connection);
        arrivedMs.push(this.clock.now());
        // The client has to have its connection before it can lose it.
        if (host.manners === "closes-at-once") this.clock.schedule(0, () => connection.end());
        if (host.manners === "resets-at-once") this.clock.schedule(0, () => drop(connection));
        return {
          onData: (data) => {
            requests.push(new TextDecoder().decode(data));
            if (host.manners === "silent") return;
            if (host.manners === "resets-after-request") return drop(connection);
            connection.write(new TextEncoder().encode("HTTP/1.1 503 Service Unavailable\r\n\r\n"));
            if (host.manners === "closes-after-request") connection.end();
          },
          onEnd: () => drop(connection),
        };
      },
    });
    const drop = (connection: StreamConnection): void => {
      standing.delete(connection);
      connection.abort();
    };
    this.#own.add(listener);
    return host;
  }
}

/** A success answer to a Binding request. */
export function answerTo(request: Uint8Array, reflexive: Endpoint): Uint8Array {
  const { id } = decodeMessage(request);
  return encodeMessage({
    class: "success",
    method: BINDING_METHOD,
    id,
    attributes: [encodeAddress(ATTRIBUTE.xorMappedAddress, reflexive, id)],
  });
}
