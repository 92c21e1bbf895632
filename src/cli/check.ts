import { checkNat } from "../behavior/check_nat.ts";
import type { OutsideProbe } from "../behavior/check_options.ts";
import type { NatReport } from "../behavior/nat_report.ts";
import { type Family, unspecifiedAddress } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import type { Secret } from "../core/secret.ts";
import { systemSurroundings } from "../gateway/surroundings.ts";
import { chooseLocalSide } from "../plan/local_side.ts";
import type { Fetch } from "../reach/ask_http.ts";
import { outsideProbeOf } from "../reach/outside_probe.ts";
import { DEFAULT_STUN_TCP, DEFAULT_STUN_UDP } from "../stun/default_servers.ts";
import { adviceFor } from "./check_advice.ts";
import type { CheckArgs } from "./check_args.ts";
import { checkToJson } from "./check_json.ts";
import { checkLines } from "./check_lines.ts";
import { ProgressLine } from "./check_progress.ts";
import { checkUplink } from "./check_uplink.ts";
import { exitCodeOf, verdictsOf } from "./check_verdict.ts";
import { readReachToken } from "./reach_token.ts";
import { type HostSession, withPlatform } from "./session.ts";
import { UsageError } from "./usage_error.ts";

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
  const { isJson, output, host, signal } = session;
  const { check: texts } = session.texts;
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
    });
  const report = await checkNat({
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
    onProgress: ({ done, total }) => progress.show(texts.progress(done, total)),
  });
  const router = await routerOf(report.local);
  const advice = adviceFor(report, { port: bind?.port, router });
  await progress.clear();
  if (isJson) output.json(checkToJson(report, { advice, router, texts }));
  else for (const line of checkLines(report, { advice, router, isVerbose, texts })) output.line(line);
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

/** The default gateway of the network that was looked at; on loopback there is none. */
async function routerOf({ address, scope }: NatReport["local"]): Promise<string | undefined> {
  if (address === undefined || scope === "loopback") return undefined;
  return await systemSurroundings.defaultGateway(address);
}

/** Requests leave in the IP version that is checked, or the reflector would see another address of this host. */
function fetchBy(client: Deno.HttpClient): Fetch {
  return (url, init) => fetch(url, { ...init, client } as RequestInit);
}
