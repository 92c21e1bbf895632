import { type Endpoint, formatEndpoint } from "../../../../src/core/endpoint.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import type { Platform } from "../../../../src/core/platform.ts";
import { type OpenStunServer, openStunServer } from "../../../../src/stun/stun_server.ts";
import { FakeClock } from "../../../fakes/fake_clock.ts";
import { FakeNet, type FakePacket } from "../../../fakes/fake_net.ts";
import { fakeRandom } from "../../../fakes/fake_random.ts";

/** Options for {@linkcode ForgetfulNat}. */
export interface ForgetfulNatOptions {
  readonly lifetimeMs: number;
  /** How external ports are given; `sticky` gives each internal port the same one again. @default {"random"} */
  readonly ports?: "random" | "preserving" | "sticky";
  /** @default {false} */
  readonly inboundRefreshes?: boolean;
  /** @default {true} */
  readonly outboundRefreshes?: boolean;
  /** @default {false} */
  readonly hairpins?: boolean;
  /** Who may come in. @default {"everyone"} */
  readonly filtering?: "everyone" | "asked";
  /** Part of the packets that is lost, each way. @default {0} */
  readonly loss?: number;
  /** @default {1} */
  readonly seed?: number;
}

interface Mapping {
  readonly inside: Endpoint;
  readonly external: Endpoint;
  readonly asked: Set<string>;
  usedMs: number;
}

export const INSIDE = "192.168.1.2";
export const EXTERNAL = "203.0.113.10";
export const SERVER: Endpoint = { address: "198.51.100.1", port: 3478 };

/** A host behind a NAT that forgets mappings nobody uses, in memory. */
export class ForgetfulNat {
  readonly clock: FakeClock = new FakeClock();
  readonly net: FakeNet = new FakeNet({ clock: this.clock, localAddress: INSIDE });
  readonly platform: Platform;
  readonly #options: ForgetfulNatOptions;
  readonly #random;
  #mappings: Mapping[] = [];

  constructor(options: ForgetfulNatOptions) {
    this.#options = options;
    const { seed = 1 } = options;
    this.#random = fakeRandom(seed);
    this.platform = { clock: this.clock, net: this.net, log: silentLogger, random: fakeRandom(seed + 1) };
    this.net.route = (packet) => this.#route(packet);
  }

  /** Opens a STUN server outside. */
  serve(listen: Endpoint = SERVER): Promise<OpenStunServer> {
    return openStunServer({ net: this.net, log: silentLogger, clock: this.clock, listen });
  }

  #route(packet: FakePacket): FakePacket | undefined {
    const { loss = 0, hairpins = false } = this.#options;
    if (this.#random.fraction() < loss) return undefined;
    const { from, to } = packet;
    if (from.address !== INSIDE) return this.#comeIn(packet, from);
    const mapping = this.#outbound(from, to);
    if (to.address !== EXTERNAL) return { ...packet, from: mapping.external };
    return hairpins ? this.#comeIn(packet, mapping.external) : undefined;
  }

  #comeIn(packet: FakePacket, from: Endpoint): FakePacket | undefined {
    const { inboundRefreshes = false, filtering = "everyone" } = this.#options;
    if (packet.to.address !== EXTERNAL) return packet;
    this.#forget();
    const mapping = this.#mappings.find(({ external }) => external.port === packet.to.port);
    if (mapping === undefined) return undefined;
    if (filtering === "asked" && !mapping.asked.has(formatEndpoint(from))) return undefined;
    if (inboundRefreshes) mapping.usedMs = this.clock.now();
    return { ...packet, from, to: mapping.inside };
  }

  #outbound(from: Endpoint, to: Endpoint): Mapping {
    this.#forget();
    const { outboundRefreshes = true } = this.#options;
    let mapping = this.#mappings.find(({ inside }) => inside.port === from.port);
    if (mapping === undefined) {
      const external = { address: EXTERNAL, port: this.#port(from) };
      mapping = { inside: from, external, asked: new Set(), usedMs: this.clock.now() };
      this.#mappings.push(mapping);
    }
    if (outboundRefreshes) mapping.usedMs = this.clock.now();
    mapping.asked.add(formatEndpoint(to));
    return mapping;
  }

  #forget(): void {
    const now = this.clock.now();
    this.#mappings = this.#mappings.filter(({ usedMs }) => now - usedMs < this.#options.lifetimeMs);
  }

  #port({ port }: Endpoint): number {
    const { ports = "random" } = this.#options;
    if (ports === "preserving") return port;
    if (ports === "sticky") return 1024 + (port * 7919) % 60_000;
    for (;;) {
      const drawn = 1024 + Math.floor(this.#random.fraction() * 60_000);
      if (!this.#mappings.some(({ external }) => external.port === drawn)) return drawn;
    }
  }
}
