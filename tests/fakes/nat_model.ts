import type { NatBehavior } from "../../src/core/behavior.ts";
import { type Endpoint, formatEndpoint } from "../../src/core/endpoint.ts";
import type { Protocol } from "../../src/core/mapping.ts";
import { fakeRandom } from "./fake_random.ts";

/** How {@linkcode NatModel} gives ports; `parity` is random but keeps even and odd. */
export type ModelAllocation = "random" | "preserving" | "contiguous" | "increasing" | "parity";

/** Options for {@linkcode NatModel}. */
export interface NatModelOptions {
  /** Address behind the NAT. */
  readonly inside: string;
  /** External addresses; that of the inside makes a firewall without NAT. */
  readonly externals: readonly string[];
  readonly mapping: NatBehavior;
  readonly filtering: NatBehavior;
  /** @default {true} */
  readonly hairpins?: boolean;
  /** @default {"random"} */
  readonly allocation?: ModelAllocation;
  /** Whether each mapping takes the next external address (RFC 4787, section 4.1: arbitrary pooling). @default {false} */
  readonly isArbitrary?: boolean;
}

interface Mapping {
  readonly inside: Endpoint;
  readonly external: Endpoint;
  readonly permitted: Set<string>;
}

function selectorOf(behavior: NatBehavior, endpoint: Endpoint): string {
  if (behavior === "address-dependent") return endpoint.address;
  return behavior === "address-and-port-dependent" ? formatEndpoint(endpoint) : "";
}

/** The table of a NAT by RFC 4787, for UDP and TCP; it forgets nothing. */
export class NatModel {
  readonly options: NatModelOptions;
  readonly #mappings = new Map<string, Mapping>();
  readonly #random = fakeRandom(7);
  #nextPort = 20_001;
  #nextAddress = 0;

  constructor(options: NatModelOptions) {
    this.options = options;
  }

  /** Whether an address is one of the NAT's own. */
  isExternal(address: string): boolean {
    return this.options.externals.includes(address);
  }

  /** The external endpoint of something sent from the inside; who it went to may answer. */
  outbound(protocol: Protocol, from: Endpoint, to: Endpoint): Endpoint {
    const { mapping, filtering } = this.options;
    const key = `${protocol} ${formatEndpoint(from)} ${selectorOf(mapping, to)}`;
    let found = this.#mappings.get(key);
    if (found === undefined) {
      found = { inside: from, external: this.#allocate(protocol, from), permitted: new Set() };
      this.#mappings.set(key, found);
    }
    found.permitted.add(selectorOf(filtering, to));
    return found.external;
  }

  /** Where something from outside goes; `undefined` if it is kept out. */
  inbound(protocol: Protocol, from: Endpoint, to: Endpoint): Endpoint | undefined {
    const target = formatEndpoint(to);
    for (const [key, { external, inside, permitted }] of this.#mappings) {
      if (!key.startsWith(protocol) || formatEndpoint(external) !== target) continue;
      return permitted.has(selectorOf(this.options.filtering, from)) ? inside : undefined;
    }
    return undefined;
  }

  #allocate(protocol: Protocol, from: Endpoint): Endpoint {
    const { externals, isArbitrary = false } = this.options;
    const index = isArbitrary ? this.#nextAddress++ % externals.length : 0;
    const address = externals[index] ?? "203.0.113.10";
    const isTaken = (port: number): boolean =>
      [...this.#mappings].some(([key, { external }]) =>
        key.startsWith(protocol) && external.port === port && external.address === address
      );
    let port = this.#propose(from);
    while (isTaken(port)) port = this.options.allocation === "preserving" ? port + 2 : this.#propose(from);
    return { address, port };
  }

  #propose(from: Endpoint): number {
    const random = 1024 + Math.floor(this.#random.fraction() * 60_000);
    switch (this.options.allocation ?? "random") {
      case "random":
        return random;
      case "preserving":
        return from.port;
      case "contiguous":
        return this.#nextPort++;
      case "increasing":
        return this.#nextPort += 7 + Math.floor(this.#random.fraction() * 100);
      case "parity":
        return random - random % 2 + from.port % 2;
    }
  }
}
