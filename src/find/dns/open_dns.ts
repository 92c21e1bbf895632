import type { Endpoint } from "../../core/endpoint.ts";
import type { Platform } from "../../core/platform.ts";
import type { DnsSource } from "./dns_source.ts";
import { DohDns, type Fetch } from "./doh_dns.ts";
import { parseResolvConf } from "./resolv_conf.ts";
import { type ResolveDns, RuntimeDns } from "./runtime_dns.ts";
import { WireDns } from "./wire_dns.ts";

/** Which servers are asked, and with what. */
export interface OpenDnsOptions {
  /** Sockets, timers, randomness. */
  readonly platform: Platform;
  /** Asked instead of the system's. */
  readonly server?: Endpoint | undefined;
  /** URL of a server for DNS over HTTPS; goes before `server`. */
  readonly doh?: string | undefined;
  /** @default {fetch} */
  readonly fetch?: Fetch | undefined;
  /** The text of the system's resolv.conf; `undefined` if there is none. @default {/etc/resolv.conf} */
  readonly readResolvConf?: (() => string | undefined) | undefined;
  /** Where there is no resolv.conf. @default {Deno.resolveDns} */
  readonly resolveDns?: ResolveDns | undefined;
}

/** Chooses how names are looked up: over HTTPS, from one server, from those of the system, or by the runtime. */
export function openDns(options: OpenDnsOptions): DnsSource {
  const { platform, server, doh, fetch, readResolvConf = readSystemFile, resolveDns } = options;
  if (doh !== undefined) return new DohDns({ platform, url: doh, ...(fetch && { fetch }) });
  if (server !== undefined) return new WireDns({ platform, servers: [server] });
  const servers = parseResolvConf(readResolvConf() ?? "");
  if (servers.length > 0) return new WireDns({ platform, servers });
  return new RuntimeDns({ platform, ...(resolveDns && { resolveDns }) });
}

function readSystemFile(): string | undefined {
  try {
    return Deno.readTextFileSync("/etc/resolv.conf");
  } catch {
    // Windows has none, and some containers.
    return undefined;
  }
}
