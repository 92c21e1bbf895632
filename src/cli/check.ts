import { checkNat } from "../behavior/check_nat.ts";
import type { OutsideProbe } from "../behavior/check_options.ts";
import { scopeOf } from "../core/address_scope.ts";
import { type Endpoint, type Family, unspecifiedAddress } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import type { Secret } from "../core/secret.ts";
import { systemSurroundings } from "../gateway/surroundings.ts";
import { chooseLocalSide } from "../plan/local_side.ts";
import { outsideProbeOf } from "../reach/outside_probe.ts";
import { DEFAULT_STUN_TCP, DEFAULT_STUN_UDP } from "../stun/default_servers.ts";
import { adviceFor } from "./check_advice.ts";
import type { CheckArgs } from "./check_args.ts";
import { checkToJson } from "./check_json.ts";
import { checkLines } from "./check_lines.ts";
import { ProgressLine } from "./check_progress.ts";
import { lookAtRouter, type LookAtRouterOptions, type RouterView } from "./check_router.ts";
import { checkUplink } from "./check_uplink.ts";
import { exitCodeOf, verdictsOf } from "./check_verdict.ts";
import { fetchBy, isReadable } from "./reach.ts";
import { readReachToken } from "./reach_token.ts";
import { type HostSession, withPlatform } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/** Two tries of a TCP connection, three datagrams. coturn drops the connections that hold mappings after 3 s. */
const KNOCK_LIMIT_MS = 2000;

/**
 * `porthole check`: finds out what the NAT does, and says what it means and what to do.
 *
 * @returns 0 if porthole can work over a transport that was asked for, 4 if this NAT cannot do it, 1 if it could not
 *   be told.
 * @throws {UsageError} Before anything is opened.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function runCheck(args: CheckArgs, session: HostSession): Promise<number> {
  const { texts } = session;
  const side = localSide(args, session);
  if (args.token !== undefined && args.reflector === undefined) {
    throw new UsageError(texts.reach.usage.needs("--token", "--reflector"));
  }
  const token = await readReachToken(args.token, session);
  if (args.reflector !== undefined && token !== undefined && isReadable(args.reflector)) {
    session.log.warn(texts.reach.plainToken);
  }
  return await withPlatform(session, (platform) => look(args, { session, side, token, platform }));
}

interface Side {
  readonly family: Family;
  readonly address: string | undefined;
}

interface Means {
  readonly session: HostSession;
  readonly side: Side;
  readonly token: Secret | undefined;
  readonly platform: Platform;
}

async function look(args: CheckArgs, { session, side, token, platform }: Means): Promise<number> {
  const { texts, isJson, output, host, signal } = session;
  const { stun, bind, reflector: url, quiet } = args;
  const { family, address } = side;
  const isVerbose = args.verbose || args.logLevel === "debug";
  const device = args.interface?.kind === "device" ? args.interface.name : undefined;
  await checkUplink({ bindAddress: address, device, mark: args.mark, family }, platform.net);
  // The log's own lines would tear it.
  await using progress = new ProgressLine({
    sink: host.stderr,
    isTerminal: host.hasColors.stderr && !quiet && args.logLevel !== "debug",
  });
  using client = url === undefined
    ? undefined
    : Deno.createHttpClient({ localAddress: address ?? unspecifiedAddress(family) });
  const outsideProbe: OutsideProbe | undefined = url === undefined || client === undefined
    ? undefined
    : outsideProbeOf({
      ...{ url, token, clock: platform.clock, random: platform.random, fetch: fetchBy(client) },
      limitMs: KNOCK_LIMIT_MS,
    });
  const checking = checkNat({
    ...{ platform, family, outsideProbe, signal },
    servers: {
      udp: stun.length > 0 ? stun : DEFAULT_STUN_UDP,
      tcp: stun.length > 0 ? stun : DEFAULT_STUN_TCP,
    },
    protocols: protocolsOf(args),
    port: bind?.port,
    localAddress: address,
    device,
    mark: args.mark,
    onProgress: ({ done, total }) => progress.show(texts.check.progress(done, total)),
  });
  const looking = lookAtOwnRouter({ platform, family, address, device, mark: args.mark, signal });
  // Both end before the network is closed.
  await Promise.allSettled([checking, looking]);
  const [report, view] = await Promise.all([checking, looking]);
  const hasIpv6 = family === 4 && report.local.address === undefined && address === undefined &&
    await hasRoute(platform, { family: 6, device, mark: args.mark });
  const advice = adviceFor(report, { port: bind?.port, ...view, hasIpv6 });
  await progress.clear();
  if (isJson) output.json(checkToJson(report, { advice, view, lang: texts.lang }));
  else for (const line of checkLines(report, { advice, view, isVerbose, texts })) output.line(line);
  return exitCodeOf(verdictsOf(report));
}

function protocolsOf({ udp, tcp }: CheckArgs): readonly Protocol[] {
  if (udp === tcp) return ["udp", "tcp"];
  return udp ? ["udp"] : ["tcp"];
}

function localSide(args: CheckArgs, { texts: { usage } }: HostSession): Side {
  if (args.ipv4 && args.ipv6) throw new UsageError(usage.exclusive("-4", "-6"));
  const side = chooseLocalSide({
    bind: args.bind?.host,
    via: args.interface?.kind === "address" ? args.interface.address : undefined,
    family: args.ipv6 ? 6 : args.ipv4 ? 4 : undefined,
  });
  switch (side.kind) {
    case "side":
      return side;
    case "two-addresses":
      throw new UsageError(usage.interfaceMismatch(side.bind, side.via));
    case "other-family":
      throw new UsageError(usage.familyMismatch(side.address, `-${side.family}`));
  }
}

interface Own extends Pick<LookAtRouterOptions, "platform" | "device" | "mark" | "signal"> {
  readonly family: Family;
  readonly address: string | undefined;
}

/** The router before the address that the system takes towards the internet, or that the user named. */
async function lookAtOwnRouter({ family, address, ...options }: Own): Promise<RouterView> {
  const { platform: { net }, device, mark, signal } = options;
  let local: string;
  try {
    local = address ?? await net.localAddressTowards(ANYWHERE[family], { device, mark });
  } catch {
    // Without a route there is no router; the report tells.
    return {};
  }
  signal.throwIfAborted();
  return await lookAtRouter({ ...options, local, surroundings: systemSurroundings });
}

/** Whether the system knows a way out, by an address that reaches beyond the own network. */
async function hasRoute(
  { net }: Platform,
  { family, ...options }: Pick<Own, "family" | "device" | "mark">,
): Promise<boolean> {
  try {
    const scope = scopeOf(await net.localAddressTowards(ANYWHERE[family], options));
    return scope === "global" || scope === "documentation";
  } catch {
    return false;
  }
}

/** Never sent to (RFC 5737, RFC 3849). */
const ANYWHERE: Readonly<Record<Family, Endpoint>> = {
  4: { address: "192.0.2.1", port: 9 },
  6: { address: "2001:db8::1", port: 9 },
};
