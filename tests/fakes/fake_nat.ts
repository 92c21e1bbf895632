import type { NatBehavior } from "../../src/core/behavior.ts";
import { type Endpoint, formatEndpoint } from "../../src/core/endpoint.ts";
import type { FakePacket } from "./fake_net.ts";

/** Options for {@linkcode fakeNat}. */
export interface FakeNatOptions {
  /** Address behind the NAT. */
  readonly inside: string;
  /** Its external address. */
  readonly external: string;
  readonly mapping: NatBehavior;
  readonly filtering: NatBehavior;
}

interface Mapping {
  readonly inside: Endpoint;
  readonly external: Endpoint;
  /** Destinations sent to, as addresses and as endpoints. */
  readonly seen: Set<string>;
}

function scopeKey(behavior: NatBehavior, remote: Endpoint): string {
  if (behavior === "address-dependent") return remote.address;
  return behavior === "address-and-port-dependent" ? formatEndpoint(remote) : "";
}

/** A NAT for datagrams by RFC 4787 behaviour, as `FakeNet.route`; ports are never preserved. */
export function fakeNat(options: FakeNatOptions): (packet: FakePacket) => FakePacket | undefined {
  const { inside, external, mapping, filtering } = options;
  const mappings = new Map<string, Mapping>();
  let nextPort = 14_500;
  return (packet) => {
    if (packet.from.address === inside) {
      const key = `${packet.from.port} ${scopeKey(mapping, packet.to)}`;
      const found = mappings.get(key) ??
        { inside: packet.from, external: { address: external, port: nextPort++ }, seen: new Set() };
      mappings.set(key, found);
      found.seen.add(scopeKey(filtering, packet.to));
      return { ...packet, from: found.external };
    }
    if (packet.to.address !== external) return packet;
    const found = [...mappings.values()].find((one) => one.external.port === packet.to.port);
    return found?.seen.has(scopeKey(filtering, packet.from)) ? { ...packet, to: found.inside } : undefined;
  };
}
