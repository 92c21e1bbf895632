import type { FilteringResult } from "../behavior/filtering_probe.ts";
import { probeUdpFiltering } from "../behavior/probe_filtering.ts";
import type { NatBehavior } from "../core/behavior.ts";
import type { Family, HostPort } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { BindOptions } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import { type StunServer, StunServerList } from "../stun/server_list.ts";

/** Options for {@linkcode FilteringMemory}. */
export interface FilteringMemoryOptions extends Omit<BindOptions, "reusePort"> {
  readonly family: Family;
  /** STUN servers over UDP; those that offer RFC 5780 are found by asking. */
  readonly servers: readonly HostPort[];
  readonly platform: Platform;
}

/** What is known of UDP filtering at one local address. */
export interface FilteringVerdict {
  readonly filtering: NatBehavior;
  /** Why it is unknown. */
  readonly reason?: string | undefined;
}

/** Servers probed at the same time; one that offers RFC 5780 is enough. */
const SERVERS_AT_ONCE = 2;
/** Rounds until servers without RFC 5780 have shown enough that none will tell. */
const ROUNDS = 3;
/** Tunnels that open together share one probe; a later recheck makes its own. */
const FRESH_MS = 30_000;

interface Remembered {
  readonly sinceMs: number;
  readonly verdict: Promise<FilteringVerdict>;
}

/**
 * UDP filtering behaviour of the NAT in front of one uplink (RFC 5780, section 4.4), probed once for all tunnels
 * that ask within half a minute.
 */
export class FilteringMemory {
  readonly #options: FilteringMemoryOptions;
  readonly #servers: StunServerList;
  readonly #remembered = new Map<string, Remembered>();

  constructor(options: FilteringMemoryOptions) {
    const { servers, family, platform } = options;
    this.#options = options;
    this.#servers = new StunServerList({ specs: servers, family, platform });
  }

  /** What is known, or what a probe finds where nothing is; `unknown` rather than fail. */
  look(address: string, signal: AbortSignal): Promise<FilteringVerdict> {
    return this.#remembered.get(address)?.verdict ?? this.probe(address, signal);
  }

  /** Probes anew, unless another tunnel has just done it; `unknown` rather than fail. */
  probe(address: string, signal: AbortSignal): Promise<FilteringVerdict> {
    const now = this.#options.platform.clock.now();
    const known = this.#remembered.get(address);
    if (known !== undefined && now - known.sinceMs < FRESH_MS) return known.verdict;
    const verdict = this.#probe(address, signal);
    this.#remembered.clear();
    this.#remembered.set(address, { sinceMs: now, verdict });
    return verdict;
  }

  async #probe(address: string, signal: AbortSignal): Promise<FilteringVerdict> {
    const asked: StunServer[] = [];
    let reason = "no STUN server to ask";
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const servers = await this.#servers.take(SERVERS_AT_ONCE, {
          exclude: asked,
          mayRepeatHosts: false,
          signal,
        });
        if (servers.length === 0) break;
        asked.push(...servers);
        const results = await Promise.all(servers.map((server) => this.#ask(server, address, signal)));
        const verdict = mostOpen(results);
        if (verdict.filtering !== "unknown") return verdict;
        reason = verdict.reason ?? reason;
        // Servers that did not even answer cost the whole time limit: the tunnel waits for the verdict.
        if (results.some((result) => result.isSlow)) break;
      }
    } catch (error) {
      reason = errorMessage(error);
    }
    return { filtering: "unknown", reason };
  }

  async #ask(
    server: StunServer,
    localAddress: string,
    signal: AbortSignal,
  ): Promise<FilteringVerdict & { readonly isSlow: boolean }> {
    const { platform, device, mark } = this.#options;
    const since = platform.clock.now();
    try {
      const result: FilteringResult = await probeUdpFiltering({
        platform,
        server: server.endpoint,
        localAddress,
        device,
        mark,
        signal,
      });
      platform.log.debug("UDP filtering probed", { server: server.spec.host, ...result });
      return { ...result, isSlow: platform.clock.now() - since > 1_000 };
    } catch (error) {
      return { filtering: "unknown", reason: errorMessage(error), isSlow: true };
    }
  }
}

/** Somebody who got in proves more than somebody who did not. */
function mostOpen(verdicts: readonly FilteringVerdict[]): FilteringVerdict {
  const order: readonly NatBehavior[] = [
    "none",
    "endpoint-independent",
    "address-dependent",
    "address-and-port-dependent",
  ];
  for (const filtering of order) {
    const found = verdicts.find((verdict) => verdict.filtering === filtering);
    if (found !== undefined) return found;
  }
  return verdicts[0] ?? { filtering: "unknown" };
}
