import { type Endpoint, familyOf, unspecifiedAddress } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import { scopeOf } from "../core/address_scope.ts";
import type { Secret } from "../core/secret.ts";
import type { Fetch } from "../reach/ask_http.ts";
import { PUBLIC_CHECKERS } from "../reach/ask_public.ts";
import { reflectorUrl } from "../reach/ask_reflector.ts";
import { checkReach } from "../reach/check_reach.ts";
import type { ReachArgs, ReachSpec } from "./reach_args.ts";
import { findEndpoint, resolvePlace } from "./reach_places.ts";
import { reachLines, reachToJson } from "./reach_report.ts";
import { readReachToken } from "./reach_token.ts";
import { type HostSession, withPlatform } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/**
 * `porthole reach`: finds out whether strangers get in at an endpoint, and says what was seen and what to do.
 *
 * @returns 0 if somebody outside got in, else 1.
 * @throws {UsageError} Before anything is opened.
 */
export async function runReach(args: ReachArgs, session: HostSession): Promise<number> {
  checkUsage(args, session);
  const token = await readReachToken(args.token, session);
  return await withPlatform(session, (platform) => look(args, { session, token, platform }));
}

interface Means {
  readonly session: HostSession;
  readonly token: Secret | undefined;
  readonly platform: Platform;
}

async function look(args: ReachArgs, { session, token, platform }: Means): Promise<number> {
  const { texts, isJson, output, log, signal } = session;
  const { from: url, isPublic, send, timeoutMs, stun } = args;
  const protocol: Protocol = args.udp ? "udp" : "tcp";
  const { clock } = platform;
  const host = args.endpoint.host ?? "";
  const family = args.ipv6 || host.includes(":") ? 6 : 4;
  if (url !== undefined && token !== undefined && isReadable(url)) log.warn(texts.reach.plainToken);
  using client = Deno.createHttpClient({ localAddress: unspecifiedAddress(family) });
  const fetch = fetchBy(client);
  const reflector = url === undefined ? undefined : { url, token };
  const endpoint = await findEndpoint(args.endpoint, {
    ...{ platform, protocol, family, stun, signal },
    reflector: reflector && { ...reflector, fetch, clock, signal },
  });
  const report = await checkReach({
    ...{ endpoint, protocol, platform, fetch, reflector, send, signal },
    target: args.target && await resolvePlace(args.target, { platform, family, signal }),
    listen: args.listen && await listenAt(args.listen, endpoint, platform),
    publicCheckers: isPublic ? PUBLIC_CHECKERS : undefined,
    limitMs: timeoutMs,
  });
  if (isJson) output.json(reachToJson(report, texts));
  else for (const line of reachLines(report, texts)) output.line(line);
  return report.judgement.verdict === "open" ? 0 : 1;
}

function checkUsage(args: ReachArgs, { texts }: HostSession): void {
  const { usage, reach } = texts;
  if (args.token !== undefined && args.from === undefined) {
    throw new UsageError(reach.usage.needs("--token", "--from"));
  }
  if (args.send !== undefined && !args.udp) throw new UsageError(reach.usage.needs("--send", "--udp"));
  if (args.isPublic && args.udp) throw new UsageError(reach.usage.publicUdp);
  if (args.listen === undefined) return;
  if (args.target !== undefined) throw new UsageError(usage.exclusive("--listen", "--target"));
  if (args.send !== undefined) throw new UsageError(usage.exclusive("--listen", "--send"));
}

/** Requests leave in the endpoint's IP version, or the other side would see the wrong address of this host. */
export function fetchBy(client: Deno.HttpClient): Fetch {
  return (url, init) => fetch(url, { ...init, client } as RequestInit);
}

/** Whether what is sent there can be read on its way. */
export function isReadable(url: string): boolean {
  const { protocol, hostname } = reflectorUrl(url);
  return protocol === "http:" && hostname !== "localhost" && !/^(127\.[\d.]+|\[::1\])$/.test(hostname);
}

/** On the address that packets of the mapping come to: there other sockets of the port are bound too. */
async function listenAt({ host, port }: ReachSpec, endpoint: Endpoint, { net }: Platform): Promise<Endpoint> {
  if (host !== undefined) return { address: host, port };
  if (scopeOf(endpoint.address) === "loopback") return { address: endpoint.address, port };
  try {
    return { address: await net.localAddressTowards(endpoint), port };
  } catch {
    // Without a route nobody comes in; the report tells.
    return { address: unspecifiedAddress(familyOf(endpoint.address)), port };
  }
}
