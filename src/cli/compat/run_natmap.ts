import { resolve } from "node:path";
import { readNatmapArgs } from "../../config/import/natmap_args.ts";
import type { NatmapArgs } from "../../config/import/natmap_args.ts";
import { errorMessage } from "../../core/errors.ts";
import { langFromEnv } from "../../text/lang.ts";
import { textsOf } from "../../text/texts.ts";
import type { CliHost } from "../host.ts";
import { CliLogger } from "../logger.ts";
import { isBrokenPipe, Output } from "../output.ts";
import type { Session } from "../session.ts";
import { SignalTrap } from "../signals.ts";

/** What C makes of natmap's -1. */
const USAGE_STATUS = 255;

/**
 * The `natmap` front end: natmap's command line, its script arguments and its lines on stdout. Errors are told in
 * a line each on stderr.
 *
 * @param argv What follows `porthole natmap`, or the name `natmap` itself.
 * @returns The exit status: 255 with the usage on stderr for a mistake in the arguments, 0 after `-d`, 143 and 130
 *   when ended by SIGTERM and SIGINT, 1 if it failed.
 */
export async function runNatmap(argv: readonly string[], host: CliHost): Promise<number> {
  const stderr = new Output({ sink: host.stderr });
  try {
    const reading = readNatmapArgs(argv);
    if (reading.kind === "usage") {
      const { NATMAP_USAGE } = await import("./natmap/natmap_usage.ts");
      for (const line of [`natmap: ${reading.reason}`, ...NATMAP_USAGE]) stderr.line(line);
      return USAGE_STATUS;
    }
    if (reading.args.isDaemon) {
      const { detachNatmap } = await import("./natmap/detach.ts");
      detachNatmap(argv);
      return 0;
    }
    for (const warning of reading.warnings) stderr.line(`natmap: ${warning}`);
    return await keepNatmap(reading.args, host, stderr);
  } catch (error) {
    stderr.line(`natmap: ${errorMessage(error)}`);
    return 1;
  } finally {
    await stderr.flush();
  }
}

async function keepNatmap(args: NatmapArgs, host: CliHost, stderr: Output): Promise<number> {
  using trap = new SignalTrap({ onSecond: host.exit });
  let closedBy: unknown;
  const output = new Output({
    sink: host.stdout,
    onClosed: (error) => {
      closedBy = error;
      trap.abort(error);
    },
  });
  await using log = new CliLogger({
    output: stderr,
    // natmap says nothing while all is well.
    level: "warn",
    format: args.isJson ? "json" : host.hasColors.stderr ? "color" : "text",
    date: host.date,
  });
  const texts = textsOf(langFromEnv(host.readEnv));
  const session: Session = { texts, isJson: args.isJson, output, log, signal: trap.signal };
  const script = args.script === undefined ? undefined : resolve(args.script);
  if (script !== undefined) await warnOfScript(script, log);
  const { serveNatmap } = await import("./natmap/serve_natmap.ts");
  await serveNatmap(args, { session, script });
  await output.flush();
  if (trap.exitCode !== undefined) return trap.exitCode;
  return closedBy === undefined || isBrokenPipe(closedBy) ? 0 : 1;
}

/** natmap finds out when it runs the script; a mistake is better told before. It may still come, so we go on. */
async function warnOfScript(script: string, log: CliLogger): Promise<void> {
  const { access, constants } = await import("node:fs/promises");
  try {
    await access(script, constants.X_OK);
  } catch (error) {
    log.warn("Cannot run the script yet", { script, error });
  }
}
