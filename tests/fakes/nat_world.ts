import { type Endpoint, isSameEndpoint } from "../../src/core/endpoint.ts";
import { silentLogger } from "../../src/core/log.ts";
import type { ConnectOptions, StreamConnection } from "../../src/core/net.ts";
import { NetView } from "../../src/core/net_view.ts";
import type { Platform } from "../../src/core/platform.ts";
import { type OpenStunServer, openStunServer } from "../../src/stun/stun_server.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeNet, type FakePacket } from "./fake_net.ts";
import { fakeRandom } from "./fake_random.ts";
import { NatModel, type NatModelOptions } from "./nat_model.ts";

/** A host behind a NAT, in memory, over UDP and TCP. */
export interface NatWorld {
  readonly clock: FakeClock;
  /** The whole network, NAT included. */
  readonly net: FakeNet;
  readonly nat: NatModel;
  /** The host's platform. */
  readonly platform: Platform;
  /** Opens a STUN server outside. */
  serveStun(listen: Endpoint, alternate?: Endpoint): Promise<OpenStunServer>;
  /** Connects from outside to an external endpoint; what is kept out never gets an answer. */
  connectFromOutside(from: Endpoint, options: ConnectOptions): Promise<StreamConnection>;
}

/** Address of the host. */
export const INSIDE = "192.168.1.2";
/** External address of the NAT unless told otherwise. */
export const EXTERNAL = "203.0.113.10";

/** Opens a world; nothing in it needs closing. */
export function openNatWorld(
  options: Pick<NatModelOptions, "mapping" | "filtering"> & Partial<NatModelOptions>,
): NatWorld {
  const clock = new FakeClock();
  const nat = new NatModel({ inside: INSIDE, externals: [EXTERNAL], ...options });
  const net = new FakeNet({ clock, localAddress: nat.options.inside });
  net.route = (packet) => routeBehind(nat, packet);
  const host = new HostNet(net, nat);
  return {
    clock,
    net,
    nat,
    platform: { clock, net: host, log: silentLogger, random: fakeRandom() },
    serveStun: (listen, alternate) => openStunServer({ net, log: silentLogger, clock, listen, alternate }),
    connectFromOutside: (from, connect) => {
      const remote = nat.inbound("tcp", from, connect.remote);
      return remote === undefined
        ? hang(connect.signal)
        : net.connectStream({ ...connect, local: from, remote });
    },
  };
}

/** The way of a datagram. */
export function routeBehind(nat: NatModel, packet: FakePacket): FakePacket | undefined {
  const { from, to } = packet;
  const { inside, hairpins = true } = nat.options;
  if (from.address === inside && to.address === inside) return packet;
  if (from.address !== inside) {
    if (!nat.isExternal(to.address)) return packet;
    const internal = nat.inbound("udp", from, to);
    return internal && { ...packet, to: internal };
  }
  const external = nat.outbound("udp", from, to);
  if (!nat.isExternal(to.address)) return { ...packet, from: external };
  const internal = hairpins ? nat.inbound("udp", external, to) : undefined;
  return internal && { ...packet, from: external, to: internal };
}

function hang(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** The network as the host sees it: its connections leave through the NAT. */
class HostNet extends NetView {
  readonly #net: FakeNet;
  readonly #nat: NatModel;
  #nextPort = 50_000;

  constructor(net: FakeNet, nat: NatModel) {
    super(net);
    this.#net = net;
    this.#nat = nat;
  }

  override async connectStream(options: ConnectOptions): Promise<StreamConnection> {
    const { inside, hairpins = true } = this.#nat.options;
    const { remote } = options;
    const port = options.local?.port || this.#nextPort++;
    const local = { address: inside, port };
    if (remote.address === inside) return await super.connectStream({ ...options, local });
    const external = this.#nat.outbound("tcp", local, remote);
    const isHairpin = this.#nat.isExternal(remote.address);
    const target = isHairpin ? (hairpins ? this.#nat.inbound("tcp", external, remote) : undefined) : remote;
    if (target === undefined) {
      this.#net.connects.push(remote);
      return await hang(options.signal);
    }
    const connection = await super.connectStream({ ...options, local: external, remote: target });
    return isSameEndpoint(external, local) ? connection : insideView(connection, local, remote);
  }
}

function insideView(connection: StreamConnection, local: Endpoint, remote: Endpoint): StreamConnection {
  return {
    local,
    remote,
    write: (data): void => connection.write(data),
    get pendingBytes(): number {
      return connection.pendingBytes;
    },
    setPaused: (isPaused): void => connection.setPaused(isPaused),
    end: (): void => connection.end(),
    abort: (): void => connection.abort(),
    [Symbol.dispose]: (): void => connection.abort(),
  };
}
