import { resolve } from "node:path";
import { NAT1_ADDRESSES, readNat1Address } from "../../config/import/nat1_address.ts";
import { systemClock } from "../../core/clock.ts";
import type { Endpoint } from "../../core/endpoint.ts";
import { errorMessage } from "../../core/errors.ts";
import { eventToJson } from "../../core/event_json.ts";
import type { Platform } from "../../core/platform.ts";
import { systemRandom } from "../../core/random.ts";
import type { CliHost } from "../host.ts";
import { isBrokenPipe, Output } from "../output.ts";
import { VERSION } from "../version.ts";
import { closeDebugger } from "./nat1/close_debugger.ts";
import { loadNat1Config, type Nat1Prompt } from "./nat1/config_file.ts";
import { type Nat1Args, readNat1Args } from "./nat1/nat1_args.ts";
import { localUnusable } from "./nat1/nat1_lines.ts";
import { Nat1Log } from "./nat1/nat1_log.ts";
import { readNat1Settings } from "./nat1/nat1_settings.ts";
import { Nat1Signals } from "./nat1/nat1_signals.ts";
import { terminalPrompt } from "./nat1/terminal_prompt.ts";

/** A mistake in the arguments, as argparse has it. */
const USAGE_STATUS = 2;

/** What the front end works with. */
interface Nat1Run {
  readonly args: Nat1Args;
  readonly log: Nat1Log;
  readonly signals: Nat1Signals;
  readonly stdout: Output;
  readonly prompt: Nat1Prompt;
}

/**
 * The `nat1` front end: nat1_traversal's command line, config.json and log lines, which go to stderr; events as JSON
 * lines go to stdout if `--json` asks for them.
 *
 * @param argv What follows `porthole nat1`, or the name `nat1` itself.
 * @returns The exit status: 0 also after the first SIGINT or SIGTERM, 1 if something is refused or failed, 2 for a
 *   mistake in the arguments.
 */
export async function runNat1(argv: readonly string[], host: CliHost): Promise<number> {
  const stderr = new Output({ sink: host.stderr });
  const reading = readNat1Args(argv);
  const log = new Nat1Log({
    output: stderr,
    date: host.date,
    isDebug: reading.kind === "args" && reading.args.isDebug,
  });
  const flush = (): Promise<void> => stderr.flush();
  using signals = new Nat1Signals({
    ...{ log, flush, exit: host.exit, clock: systemClock },
    onDebug: () => void closeDebugger(systemClock),
  });
  let closedBy: unknown;
  const stdout = new Output({
    sink: host.stdout,
    onClosed: (error) => {
      closedBy = error;
      signals.abort(error);
    },
  });
  try {
    if (reading.kind === "fault") {
      log.error(reading.message);
      return USAGE_STATUS;
    }
    const status = await run({
      args: reading.args,
      log,
      signals,
      stdout,
      prompt: terminalPrompt({ stderr: host.stderr, flush, signal: signals.signal }),
    });
    await stdout.flush();
    return closedBy === undefined || isBrokenPipe(closedBy) ? status : 1;
  } catch (error) {
    if (signals.signal.aborted && error === signals.signal.reason) return 0;
    log.error(errorMessage(error));
    return 1;
  } finally {
    await stderr.flush();
  }
}

/** In nat1_traversal's order: help, version, query, local address, NAT test, configuration, the rest. */
async function run(parts: Nat1Run): Promise<number> {
  const { args, log } = parts;
  if (args.isHelp) {
    const { NAT1_USAGE } = await import("./nat1/nat1_usage.ts");
    for (const line of NAT1_USAGE) log.info(line);
    return 0;
  }
  if (args.isVersion) {
    log.info(`porthole ${VERSION} (nat1_traversal 1.0.9)`);
    return 0;
  }
  if (args.queries.length > 0) return await runWithPlatform(parts, (platform) => query(parts, platform));
  const local = readNat1Address(args.local, NAT1_ADDRESSES.local);
  if (local.kind === "fault") {
    log.error(local.message);
    return 1;
  }
  if (args.isNatTest) {
    const endpoint = local.kind === "endpoint" ? local.endpoint : undefined;
    return await runWithPlatform(parts, (platform) => natTest(parts, platform, endpoint));
  }
  return await serve(parts);
}

async function query({ args, log, signals }: Nat1Run, platform: Platform): Promise<number> {
  const { runQueries } = await import("./nat1/run_queries.ts");
  return await runQueries(args.queries, {
    platform,
    log,
    signal: signals.signal,
    resolveSrv: (name, signal) => Deno.resolveDns(name, "SRV", { signal }),
  });
}

async function natTest(
  { args, log, signals }: Nat1Run,
  platform: Platform,
  local: Endpoint | undefined,
): Promise<number> {
  const { runNatTest } = await import("./nat1/nat_test.ts");
  return await runNatTest({ platform, log, local, own: args.own, signal: signals.signal });
}

async function serve(parts: Nat1Run): Promise<number> {
  const { args, log, signals, stdout, prompt } = parts;
  const config = await loadNat1Config(resolve(args.config), { log, prompt });
  if (config === undefined) return 1;
  const reading = readNat1Settings(args, config, Deno.build.os);
  if (reading.kind === "refused") {
    log.error(reading.message);
    return 1;
  }
  const { settings, warnings, late } = reading;
  return await runWithPlatform(parts, async (platform) => {
    const { serveNat1, tryLocal } = await import("./nat1/serve_nat1.ts");
    try {
      await tryLocal(settings, platform);
    } catch (error) {
      log.error(localUnusable(errorMessage(error)));
      return 1;
    }
    if (late !== undefined) {
      log.error(late);
      return 1;
    }
    for (const warning of warnings) log.warn(warning);
    await serveNat1(settings, {
      ...{ platform, log, own: args.own, signal: signals.signal },
      print: (event) => {
        if (args.own.json) stdout.json(eventToJson(event));
      },
    });
    return 0;
  });
}

async function runWithPlatform(
  { log }: Nat1Run,
  use: (platform: Platform) => Promise<number>,
): Promise<number> {
  const { openNet } = await import("../../net/open_net.ts");
  const { keepMemoryLean } = await import("../../net/lean_memory.ts");
  const parts = log.forParts();
  await using net = openNet({ log: parts });
  using _lean = net.capability === "full" ? keepMemoryLean({ clock: systemClock }) : undefined;
  return await use({ net, clock: systemClock, random: systemRandom, log: parts });
}
