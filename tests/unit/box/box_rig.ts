/** Sockets around a box: a host inside, servers and strangers outside. Everything is on loopback. */
import { systemClock } from "../../../src/core/clock.ts";
import type { Clock } from "../../../src/core/clock.ts";
import { type Endpoint, formatEndpoint } from "../../../src/core/endpoint.ts";
import { errorCode } from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { DatagramSocket, Net, StreamConnection, StreamHandlers } from "../../../src/core/net.ts";
import { systemRandom } from "../../../src/core/random.ts";
import type { RestartMode } from "../../../src/box/box_side.ts";
import { type NatBox, openNatBox } from "../../../src/box/nat_box.ts";
import type { NatProfile } from "../../../src/box/nat_profile.ts";
import { OutsideNet } from "../../../src/box/outside_net.ts";
import { openNet } from "../../../src/net/open_net.ts";

/** Nothing on loopback takes longer unless it is broken. */
const WAIT_MS = 5000;

/** A loopback address that no other test uses, as good as certainly: files run in parallel. */
export function freshAddress(): string {
  const [a = 0, b = 0, c = 0] = systemRandom.bytes(3);
  return `127.${64 + a % 64}.${b}.${1 + c % 254}`;
}

/** A test that shares ports between listeners and connections, and so needs the network's full capability. */
export function boxTest(name: string, fn: () => Promise<void>): void {
  const isFull = Deno.build.os === "linux" && Deno.env.get("PORTHOLE_PORTABLE") !== "1";
  Deno.test({ name: isFull ? name : `${name} (skipped: ports cannot be shared here)`, ignore: !isFull, fn });
}

/** What came, in order; waiting for it is bounded. */
export class Inbox<T> {
  readonly #items: T[] = [];
  #wake: (() => void) | undefined;

  push(item: T): void {
    this.#items.push(item);
    this.#wake?.();
  }

  /** What came and was not taken. */
  get waiting(): readonly T[] {
    return this.#items;
  }

  async next(): Promise<T> {
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(() => timeout.reject(new Error("Cannot go on: nothing came")), WAIT_MS);
    try {
      for (;;) {
        const [first] = this.#items;
        if (first !== undefined) {
          this.#items.shift();
          return first;
        }
        const came = Promise.withResolvers<void>();
        this.#wake = came.resolve;
        await Promise.race([came.promise, timeout.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A datagram as text. */
export interface Letter {
  readonly text: string;
  readonly from: string;
}

/** A UDP socket that keeps what came. */
export interface UdpPeer extends Disposable {
  readonly local: Endpoint;
  readonly inbox: Inbox<Letter>;
  readonly errors: Inbox<Error>;
  send(text: string, to?: Endpoint): void;
}

export async function openUdpPeer(net: Net, local: Endpoint, remote?: Endpoint): Promise<UdpPeer> {
  const inbox = new Inbox<Letter>();
  const errors = new Inbox<Error>();
  const socket: DatagramSocket = await net.openDatagram({
    local,
    remote,
    onDatagram: (data, from) =>
      inbox.push({ text: new TextDecoder().decode(data), from: formatEndpoint(from) }),
    onError: (error) => errors.push(error),
  });
  return {
    local: socket.local,
    inbox,
    errors,
    send: (text, to): void => socket.send(new TextEncoder().encode(text), to),
    [Symbol.dispose]: (): void => socket[Symbol.dispose](),
  };
}

/**
 * One side of a TCP connection that keeps what came: data as text, a clean end as `<end>`, an error as its code
 * in angle brackets.
 */
export interface TcpPeer extends Disposable {
  readonly connection: StreamConnection;
  readonly inbox: Inbox<string>;
  write(text: string): void;
}

function recordInto(inbox: Inbox<string>): StreamHandlers {
  return {
    onData: (data): void => inbox.push(new TextDecoder().decode(data)),
    onEnd: (error): void => inbox.push(error ? `<${errorCode(error)}>` : "<end>"),
  };
}

function peerOf(connection: StreamConnection, inbox: Inbox<string>): TcpPeer {
  return {
    connection,
    inbox,
    write: (text): void => connection.write(new TextEncoder().encode(text)),
    [Symbol.dispose]: (): void => connection.abort(),
  };
}

export async function openTcpPeer(net: Net, remote: Endpoint, local: Endpoint): Promise<TcpPeer> {
  const inbox = new Inbox<string>();
  const signal = new AbortController();
  const timer = setTimeout(() => signal.abort(new Error("Cannot go on: not connected")), WAIT_MS);
  try {
    const options = { ...recordInto(inbox), local, remote, reusePort: true, signal: signal.signal };
    return peerOf(await net.connectStream(options), inbox);
  } finally {
    clearTimeout(timer);
  }
}

/** A TCP listener that keeps who came. */
export interface TcpServer extends Disposable {
  readonly local: Endpoint;
  readonly accepted: Inbox<TcpPeer>;
}

export async function openTcpServer(
  net: Net,
  options: { local: Endpoint; greeting?: string },
): Promise<TcpServer> {
  const accepted = new Inbox<TcpPeer>();
  const peers: TcpPeer[] = [];
  const listener = await net.listenStream({
    local: options.local,
    reusePort: true,
    onConnection: (connection) => {
      const inbox = new Inbox<string>();
      const peer = peerOf(connection, inbox);
      peers.push(peer);
      accepted.push(peer);
      if (options.greeting !== undefined) peer.write(options.greeting);
      return recordInto(inbox);
    },
  });
  return {
    local: listener.local,
    accepted,
    [Symbol.dispose]: (): void => {
      listener[Symbol.dispose]();
      for (const peer of peers) peer[Symbol.dispose]();
    },
  };
}

/** A box with three servers outside: two on one address, one on another. */
export interface Rig extends AsyncDisposable {
  readonly net: Net;
  readonly box: NatBox;
  /** Address of the host inside. */
  readonly host: string;
  readonly external: string;
  /** Endpoints as the inside calls them: A, A with another port, B. */
  readonly facades: readonly [Endpoint, Endpoint, Endpoint];
  /** The sockets behind, with their outside endpoints. */
  readonly udp: readonly [UdpPeer, UdpPeer, UdpPeer];
  readonly tcp: readonly [TcpServer, TcpServer, TcpServer];
  /** Of an endpoint outside, as the inside calls it. */
  outsideOf(inside: Endpoint): Endpoint;
}

export async function openRig(options: {
  profile: NatProfile;
  lifetimeMs?: number;
  clock?: Clock;
  restartMode?: RestartMode;
  hairpins?: boolean;
}): Promise<Rig> {
  const { clock = systemClock } = options;
  await using stack = new AsyncDisposableStack();
  const net = stack.use(openNet({ log: silentLogger }));
  const [a, b] = [freshAddress(), freshAddress()];
  const pairs = [a, b].map((inside) => ({ inside, outside: freshAddress() }));
  const outside = new OutsideNet(net, pairs);
  const server = async (address: string): Promise<[TcpServer, UdpPeer]> => {
    const tcp = stack.use(await openTcpServer(outside, { local: { address, port: 0 } }));
    return [tcp, stack.use(await openUdpPeer(outside, tcp.local))];
  };
  const [a1, a2, b1] = [await server(a), await server(a), await server(b)];
  const facades: Rig["facades"] = [a1[0].local, a2[0].local, b1[0].local];
  const external = freshAddress();
  const box = stack.use(
    await openNatBox({
      ...options,
      platform: { net, clock, random: systemRandom, log: silentLogger },
      external,
      facades: facades.map((inside) => ({ inside, outside: outside.outsideOf(inside) })),
    }),
  );
  const owned = stack.move();
  return {
    net,
    box,
    host: freshAddress(),
    external,
    facades,
    udp: [a1[1], a2[1], b1[1]],
    tcp: [a1[0], a2[0], b1[0]],
    outsideOf: (inside) => outside.outsideOf(inside),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The external endpoint in a letter or of a peer. */
export function portOf(text: string): number {
  return Number(text.slice(text.lastIndexOf(":") + 1));
}
