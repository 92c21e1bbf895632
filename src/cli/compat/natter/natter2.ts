import { untilAborted } from "../../../core/aborting.ts";
import type { Endpoint } from "../../../core/endpoint.ts";
import { errorMessage } from "../../../core/errors.ts";
import type { Protocol } from "../../../core/mapping.ts";
import type { Platform } from "../../../core/platform.ts";
import { openService, type Service } from "../../../daemon/service.ts";
import { textsOf } from "../../../text/texts.ts";
import type { LogLevel } from "../../command_args.ts";
import { checkUplink } from "../../check_uplink.ts";
import type { CliHost } from "../../host.ts";
import { messageWithHint } from "../../sharing_hint.ts";
import { TUNNEL_DEFAULTS } from "../../tunnel_defaults.ts";
import { VERSION } from "../../version.ts";
import { checkTransportNat } from "./check_nat.ts";
import { type NatterConsole, type NatterSession, withNatterSession } from "./front_end.ts";
import { type NatCheck, natterCheckNumber } from "./nat_check.ts";
import { type Natter2Args, readNatter2Args } from "./natter2_args.ts";
import { checkResult, checkSubject, NATTER2_VERSION } from "./natter2_lines.ts";
import { followOwnAddress, isKernelMethod, planNatter2 } from "./natter2_plan.ts";
import { Natter2Run } from "./natter2_run.ts";
import { NATTER2_HELP, NATTER2_SYNOPSIS, NATTER2_VERSION_LINE } from "./natter2_usage.ts";
import { natter2ColorFormat, natter2Format, NatterLogger } from "./natter_log.ts";
import { ownAddressTowards } from "./own_address.ts";
import type { OwnFlags } from "./own_flags.ts";

/** What a run of Natter 2's front end needs besides its command line. */
export interface Natter2Options {
  readonly host: CliHost;
  readonly console: NatterConsole;
  readonly flags: OwnFlags;
}

/**
 * Runs a command line of Natter 2.
 *
 * @returns The exit status: 0 for `-q`, Ctrl-C, `--help`, `--version` and `--check`, 1 for refused values and an
 *   unusable network, 2 for usage, 143 after SIGTERM.
 */
export async function runNatter2(words: readonly string[], options: Natter2Options): Promise<number> {
  const { console: { stdout, stderr } } = options;
  const reading = readNatter2Args(words, { isFile });
  switch (reading.kind) {
    case "help":
      for (const line of NATTER2_HELP) stdout.line(line);
      return 0;
    case "version":
      stdout.line(NATTER2_VERSION_LINE);
      return 0;
    case "check":
      return await runCheck(options);
    case "usage-error":
      return complainNatter2(reading.message, options.console);
    case "value-error":
      stderr.line(`ValueError: ${reading.message}`);
      return 1;
    case "run":
      return await runTunnel(reading.args, options);
  }
}

/** argparse's complaint. @returns Its exit status, 2. */
export function complainNatter2(message: string, { stderr }: NatterConsole): number {
  for (const line of [...NATTER2_SYNOPSIS, `natter.py: error: ${message}`]) stderr.line(line);
  return 2;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // Missing or out of reach is the same to whoever wants to run it.
    return false;
  }
}

function loggerOf({ host, console }: Natter2Options, level: LogLevel = "info"): NatterLogger {
  const isColored = host.hasColors.stderr && /256color/.test(host.readEnv("TERM") ?? "");
  return new NatterLogger({
    format: isColored ? natter2ColorFormat : natter2Format,
    level,
    sinks: [console.stderr],
    date: host.date,
  });
}

async function runTunnel(args: Natter2Args, options: Natter2Options): Promise<number> {
  const log = loggerOf(options, args.isVerbose ? "debug" : "info");
  log.info(`Natter v${NATTER2_VERSION}`);
  if (args.isBare) log.info("Tips: Use `--help` to see help messages");
  if (args.usesUpnp) log.info("Scanning UPnP Devices...");
  if (isKernelMethod(args.method) && Deno.build.os === "linux" && Deno.uid() !== 0) {
    log.warn(`fwd-${args.method.replace(/^sudo-|-snat$/g, "")}: You are not root`);
  }
  try {
    return await withNatterSession({ ...options, log }, (session) => keep(args, session, options.flags));
  } catch (error) {
    log.error(errorMessage(error));
    return 1;
  }
}

/** Keeps the mapping until the session's signal. */
async function keep(args: Natter2Args, session: NatterSession, flags: OwnFlags): Promise<number> {
  const { platform, log, signal } = session;
  let plan = planNatter2(args, { flags, ownAddress: await ownAddress(args, flags, platform) });
  for (const tunnel of plan.tunnels) await checkUplink(tunnel, platform.net);
  const opening = Promise.withResolvers<Service>();
  let following: Promise<void> = Promise.resolve();
  const follow = (internal: Endpoint): void => {
    const next = followOwnAddress(args, plan, internal);
    if (next === undefined) return;
    plan = next;
    log.info(`Forwarding to ${internal.address}, the address of this host`);
    following = following.then(async () => await (await opening.promise).apply(next))
      .catch((error) => log.error(errorMessage(error)));
  };
  await using run = new Natter2Run({ args, session, onInternal: follow });
  await using service = await openService(plan, {
    platform,
    emit: (event) => run.take(event),
    onFault: (_name, error) => log.error(messageWithHint(error, textsOf("en"))),
    lang: "en",
    version: VERSION,
  });
  opening.resolve(service);
  await untilAborted(signal);
  await following;
  return 0;
}

/** The target where none is named. Offline it is loopback at first; the plan follows the address that is bound. */
async function ownAddress(args: Natter2Args, flags: OwnFlags, platform: Platform): Promise<string> {
  const { bind, stunServers } = args;
  if (bind !== undefined && "address" in bind) return bind.address;
  const servers = flags.stun.length > 0 ? flags.stun : stunServers;
  return await ownAddressTowards(servers, { platform, device: bind?.device }) ?? "127.0.0.1";
}

/** natter-check's output. */
async function runCheck(options: Natter2Options): Promise<number> {
  const { console: { stdout }, flags } = options;
  const { stunTcp, stunUdp } = TUNNEL_DEFAULTS;
  const own = flags.stun.length > 0 ? flags.stun : undefined;
  stdout.line(`> NatterCheck v${NATTER2_VERSION}`);
  stdout.line("");
  const log = loggerOf(options);
  const show = async (protocol: Protocol, checking: Promise<NatCheck>): Promise<void> => {
    let result: string;
    try {
      result = checkResult(natterCheckNumber(protocol, (await checking).type));
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      result = checkResult(errorMessage(error));
    }
    stdout.line(`${checkSubject(protocol === "tcp" ? "TCP" : "UDP")} ${result}`);
  };
  return await withNatterSession({ ...options, log }, async ({ platform, signal }) => {
    await show("tcp", checkTransportNat("tcp", { platform, signal, servers: own ?? stunTcp }));
    await show("udp", checkTransportNat("udp", { platform, signal, servers: own ?? stunUdp }));
    return 0;
  });
}
