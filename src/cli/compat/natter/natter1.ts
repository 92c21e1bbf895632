import { untilAborted } from "../../../core/aborting.ts";
import { errorMessage } from "../../../core/errors.ts";
import type { MappingEvent } from "../../../core/mapping.ts";
import { readNatterConfig } from "../../../config/import/natter_config.ts";
import { openService } from "../../../daemon/service.ts";
import type { ServicePlan } from "../../../plan/service_plan.ts";
import { textsOf } from "../../../text/texts.ts";
import type { LogLevel } from "../../command_args.ts";
import { checkUplink } from "../../check_uplink.ts";
import type { CliHost } from "../../host.ts";
import { Output } from "../../output.ts";
import { messageWithHint } from "../../sharing_hint.ts";
import { TUNNEL_DEFAULTS } from "../../tunnel_defaults.ts";
import { VERSION } from "../../version.ts";
import { checkTransportNat } from "./check_nat.ts";
import { logEvent, type NatterConsole, type NatterSession, withNatterSession } from "./front_end.ts";
import { NATTER1_USAGE, type Natter1Args, readNatter1Args } from "./natter1_args.ts";
import { type CheckLine, mappingLine, tcpCheckLines, udpCheckLines } from "./natter1_lines.ts";
import { planNatter1Config, planNatter1Punch } from "./natter1_plan.ts";
import { type LineSink, natter1Format, NatterLogger } from "./natter_log.ts";
import type { OwnFlags } from "./own_flags.ts";

/** What a run of Natter 0.9's front end needs besides its command line. */
export interface Natter1Options {
  readonly host: CliHost;
  readonly console: NatterConsole;
  readonly flags: OwnFlags;
}

/**
 * Runs a command line of Natter 0.9.
 *
 * @returns The exit status: 0 for usage, checks and Ctrl-C, 1 if the configuration or the network is unusable,
 *   143 after SIGTERM.
 */
export async function runNatter1(words: readonly string[], options: Natter1Options): Promise<number> {
  const args = readNatter1Args(words);
  switch (args.kind) {
    case "usage":
      return printUsage(options);
    case "config":
      return await runConfig(args.file, options);
    case "check-nat":
      return await runCheck(args, options);
    case "punch": {
      const level = args.isVerbose ? "debug" : "info";
      const opening = args.servesTestPage ? ["HttpTestServer starting..."] : [];
      return await keep(planNatter1Punch(args, options.flags), { ...options, level, opening });
    }
  }
}

function printUsage({ console: { stdout } }: Natter1Options, ...before: readonly string[]): number {
  for (const line of [...before, ...NATTER1_USAGE]) stdout.line(line);
  return 0;
}

async function runConfig(file: string, options: Natter1Options): Promise<number> {
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return printUsage(options, "Config file not found.");
    options.console.stderr.line(`[ERROR] - Cannot read ${file}: ${errorMessage(error)}`);
    return 1;
  }
  const reading = readNatterConfig(text);
  if (reading.kind === "faults") {
    for (const { line, column, path, message } of reading.faults) {
      const what = path === "" ? message : `${path}: ${message}`;
      options.console.stderr.line(`[ERROR] - ${file}:${line}:${column}: ${what}`);
    }
    return 1;
  }
  const { config, unknownKeys } = reading;
  const level = config.logging.level === "warning" ? "warn" : config.logging.level;
  using logFile = openLogFile(config.logging.logFile, options);
  const sinks = logFile === undefined ? [] : [logFile.sink];
  const warnings = unknownKeys.map((key) => `${file}: ${key} is not known and has no effect`);
  try {
    return await keep(planNatter1Config(config, options.flags), { ...options, level, sinks, warnings });
  } finally {
    await logFile?.sink.flush();
  }
}

interface LogFile extends Disposable {
  readonly sink: Output;
}

/** A log file that cannot be written costs one line on stderr, where everything goes anyway. */
function openLogFile(path: string | undefined, { console: { stderr } }: Natter1Options): LogFile | undefined {
  if (path === undefined) return undefined;
  const complain = (error: unknown): void => {
    stderr.line(`[WARNING] - Cannot write the log file ${path}: ${errorMessage(error)}`);
  };
  try {
    const file = Deno.openSync(path, { append: true, create: true });
    return { sink: new Output({ sink: file, onClosed: complain }), [Symbol.dispose]: () => file.close() };
  } catch (error) {
    complain(error);
    return undefined;
  }
}

interface KeepOptions extends Natter1Options {
  readonly level: LogLevel;
  readonly sinks?: readonly LineSink[];
  readonly warnings?: readonly string[];
  /** Lines before anything is announced. */
  readonly opening?: readonly string[];
}

/** Keeps a plan's mappings until a signal. */
async function keep(plan: ServicePlan, options: KeepOptions): Promise<number> {
  const { host, console, sinks = [], warnings = [], opening = [], level } = options;
  const log = new NatterLogger({
    ...{ format: natter1Format, level, sinks: [console.stderr, ...sinks], date: host.date },
  });
  for (const warning of warnings) log.warn(warning);
  try {
    const status = await withNatterSession({ ...options, log }, async (session) => {
      log.info("Getting STUN server IP...");
      await warnOfUplinks(plan, session);
      await using _service = await openService(plan, {
        platform: session.platform,
        emit: (event) => announce(event, session),
        onFault: (name, error) => log.error(messageWithHint(error, textsOf("en")), { name }),
        lang: "en",
        version: VERSION,
      });
      for (const line of opening) log.info(line);
      await untilAborted(session.signal);
      return 0;
    });
    if (status === 0) log.info("Exiting...");
    return status;
  } catch (error) {
    log.error(errorMessage(error));
    return 1;
  }
}

/** An address that is not there hurts its own entries only; they wait until it comes. */
async function warnOfUplinks({ tunnels }: ServicePlan, { platform, log }: NatterSession): Promise<void> {
  for (const tunnel of tunnels) {
    try {
      await checkUplink(tunnel, platform.net);
    } catch (error) {
      log.warn(errorMessage(error), { name: tunnel.name });
    }
  }
}

/** Natter's line for a new or changed mapping; what else happens is told as our own log lines. */
function announce(event: MappingEvent, { log, print }: NatterSession): void {
  print(event);
  switch (event.event) {
    case "mapped":
    case "changed": {
      const { protocol, target, internal, external } = event;
      return log.info(mappingLine({ protocol, inner: target ?? internal, outer: external }));
    }
    case "lost":
    case "unusable":
      return log.warn(event.reason, { name: event.name });
    default:
      return logEvent(log, event);
  }
}

async function runCheck(
  args: Extract<Natter1Args, { kind: "check-nat" }>,
  options: Natter1Options,
): Promise<number> {
  const { host, console, flags } = options;
  const { port, isVerbose } = args;
  const address = args.address === "0.0.0.0" ? undefined : args.address;
  const level = isVerbose ? "debug" : "info";
  const log = new NatterLogger({ format: natter1Format, level, sinks: [console.stderr], date: host.date });
  const tell = (lines: readonly CheckLine[]): void => lines.forEach(({ level, text }) => log[level](text));
  try {
    return await withNatterSession({ ...options, log }, async ({ platform, signal }) => {
      log.info("Getting STUN server IP...");
      const { stunTcp, stunUdp } = TUNNEL_DEFAULTS;
      const servers = flags.stun.length > 0 ? flags.stun : undefined;
      const common = { platform, signal, address };
      tell(udpCheckLines(await checkTransportNat("udp", { ...common, port, servers: servers ?? stunUdp })));
      log.info("Checking NAT Type for TCP...");
      // As Natter does it, without the user's port: it may be in use by a server of theirs.
      tell(tcpCheckLines(await checkTransportNat("tcp", { ...common, servers: servers ?? stunTcp })));
      return 0;
    });
  } catch (error) {
    log.error(errorMessage(error));
    return 1;
  }
}
