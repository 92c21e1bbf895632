import { openDeadline } from "../../core/deadline.ts";
import { canonicalName } from "../../core/domain_name.ts";
import { canonicalAddress } from "../../core/endpoint.ts";
import { errorMessage } from "../../core/errors.ts";
import type { Platform } from "../../core/platform.ts";
import type { RecordData, RecordType } from "../../dns/record_data.ts";
import { DnsError } from "./dns_error.ts";
import type { DnsAnswer, DnsSource } from "./dns_source.ts";

/** `Deno.resolveDns`, as far as it is used. */
export interface ResolveDns {
  (name: string, type: "A" | "AAAA", options: Deno.ResolveDnsOptions): Promise<string[]>;
  (name: string, type: "TXT", options: Deno.ResolveDnsOptions): Promise<string[][]>;
  (name: string, type: "SRV", options: Deno.ResolveDnsOptions): Promise<Deno.SrvRecord[]>;
}

/** Options for {@linkcode RuntimeDns}. */
export interface RuntimeDnsOptions {
  /** Timers. */
  readonly platform: Pick<Platform, "clock">;
  /** @default {Deno.resolveDns} */
  readonly resolveDns?: ResolveDns;
}

/** The runtime gives up after 2 s by itself; this is for the day when it does not. */
const LIMIT_MS = 5000;

/**
 * Asks the servers that the runtime finds in the system's settings: for systems without /etc/resolv.conf. Weaker than
 * asking servers ourselves: no TTL, no HTTPS and SVCB, and a failing server looks like a name without records.
 */
export class RuntimeDns implements DnsSource {
  readonly #platform: Pick<Platform, "clock">;
  readonly #resolveDns: ResolveDns;

  /** Opens nothing. */
  constructor(options: RuntimeDnsOptions) {
    this.#platform = options.platform;
    this.#resolveDns = options.resolveDns ?? Deno.resolveDns;
  }

  async ask(name: string, type: RecordType, signal: AbortSignal): Promise<DnsAnswer> {
    signal.throwIfAborted();
    const label = `${type} ${name}`;
    if (type === "HTTPS" || type === "SVCB") {
      const reason = "this system's name servers are not known; name one with --server or --doh";
      throw new DnsError(label, { failure: "unsupported", reason });
    }
    using deadline = openDeadline(LIMIT_MS, { clock: this.#platform.clock, signal });
    try {
      const records = await this.#resolve(name, type, deadline.signal);
      return { records, ttlSeconds: undefined, isAuthoritative: false };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Deno.errors.NotFound) {
        return { records: [], ttlSeconds: undefined, isAuthoritative: false };
      }
      const isLate = deadline.signal.aborted || error instanceof Deno.errors.TimedOut;
      const reason = isLate ? "the name servers gave no answer in time" : errorMessage(error);
      throw new DnsError(label, { failure: isLate ? "timeout" : "unreachable", reason }, { cause: error });
    }
  }

  fresh(): DnsSource {
    return this;
  }

  async #resolve(
    name: string,
    type: "A" | "AAAA" | "TXT" | "SRV",
    signal: AbortSignal,
  ): Promise<readonly RecordData[]> {
    // The final dot keeps search domains out.
    const absolute = `${name}.`;
    switch (type) {
      case "A":
      case "AAAA": {
        const found = await this.#resolveDns(absolute, type, { signal });
        return found.flatMap((text) => {
          const address = canonicalAddress(text);
          return address === undefined ? [] : [{ type, address }];
        });
      }
      case "TXT": {
        const found = await this.#resolveDns(absolute, type, { signal });
        return found.map((strings) => ({ type, strings }));
      }
      case "SRV": {
        const found = await this.#resolveDns(absolute, type, { signal });
        return found.flatMap(({ priority, weight, port, target }) => {
          const host = targetOf(target);
          return host === undefined ? [] : [{ type, priority, weight, port, target: host }];
        });
      }
    }
  }
}

function targetOf(target: string): string | undefined {
  if (target === "." || target === "") return ".";
  try {
    return canonicalName(target);
  } catch {
    // No host has such a name.
    return undefined;
  }
}
