import type { LogConfig } from "../config/config.ts";
import { type Lang, langFromEnv, LANGS } from "../text/lang.ts";
import { type Texts, textsOf } from "../text/texts.ts";
import type { CommandArgs } from "./command_args.ts";
import type { CommandLine } from "./command_line.ts";
import type { Fault } from "./exit_code.ts";
import type { CliHost } from "./host.ts";
import { logSettings } from "./log_settings.ts";
import { CliLogger } from "./logger.ts";
import { isBrokenPipe, Output } from "./output.ts";
import { frontEndOf, runFrontEnd } from "./program_name.ts";
import type { HostSession } from "./session.ts";
import { SignalTrap } from "./signals.ts";
import { VERSION } from "./version.ts";

/**
 * Runs one command line to its end.
 *
 * @returns The exit status: 0 done, 1 failed, 2 usage, 4 this NAT cannot do it, 130 or 143 by signal.
 */
export async function runCli(argv: readonly string[], host: CliHost): Promise<number> {
  const calledAs = frontEndOf(host.programName);
  const wanted = calledAs ?? frontEndOf(argv[0]);
  if (wanted !== undefined) {
    return await runFrontEnd(wanted, calledAs === undefined ? argv.slice(1) : argv, host);
  }
  const texts = textsOf(langFlag(argv) ?? langFromEnv(host.readEnv));
  const stderr = new Output({ sink: host.stderr });
  try {
    const line = await readCommandLine(argv, texts, host);
    return line.kind === "text"
      ? await printText(line.text, host)
      : await runCommand(line.args, { texts, stderr, host });
  } catch (error) {
    const { faultOf } = await import("./exit_code.ts");
    const fault = faultOf(error, texts);
    stderr.line(faultLine(fault, texts));
    for (const advice of fault.advice) stderr.line(advice);
    return fault.exitCode;
  } finally {
    await stderr.flush();
  }
}

/** Answers what needs no parser at once: loading it takes longer than all else. */
async function readCommandLine(argv: readonly string[], texts: Texts, host: CliHost): Promise<CommandLine> {
  if (argv.length === 0) return { kind: "text", text: texts.startHere };
  if (argv.length === 1 && argv[0] === "--version") return { kind: "text", text: VERSION };
  const { parseCommandLine } = await import("./command_line.ts");
  return parseCommandLine(argv, { texts, width: host.width, hasColors: host.hasColors.stdout });
}

async function printText(text: string, host: CliHost): Promise<number> {
  let code = 0;
  const stdout = new Output({ sink: host.stdout, onClosed: (error) => code = isBrokenPipe(error) ? 0 : 1 });
  stdout.line(text);
  await stdout.flush();
  return code;
}

interface Surroundings {
  readonly texts: Texts;
  readonly stderr: Output;
  readonly host: CliHost;
}

async function runCommand(args: CommandArgs, { texts, stderr, host }: Surroundings): Promise<number> {
  using trap = new SignalTrap({ onSecond: host.exit });
  let closedBy: unknown;
  const output = new Output({
    sink: host.stdout,
    onClosed: (error) => {
      closedBy = error;
      trap.abort(error);
    },
  });
  const flags = { ...args, isColored: host.hasColors.stderr };
  await using log = new CliLogger({ ...logSettings(undefined, flags), output: stderr, date: host.date });
  const configureLog = (config: LogConfig | undefined): void => log.configure(logSettings(config, flags));
  const { signal } = trap;
  const session: HostSession = { texts, isJson: args.json, output, log, signal, host, configureLog };
  let code: number;
  try {
    code = await dispatch(args, session);
    await output.flush();
  } catch (error) {
    await output.flush();
    if (!trap.signal.aborted || error !== trap.signal.reason) {
      if (!args.json) throw error;
      const { faultOf } = await import("./exit_code.ts");
      const { exitCode, code: reason, message, hint, advice } = faultOf(error, texts);
      log.error(message, {
        code: reason,
        hint: hint || undefined,
        advice: advice.length === 0 ? undefined : advice,
      });
      return exitCode;
    }
    code = 0;
  }
  if (trap.exitCode !== undefined) return trap.exitCode;
  return closedBy === undefined || isBrokenPipe(closedBy) ? code : 1;
}

/** Loads a command's module only when it is asked for. */
async function dispatch(args: CommandArgs, session: HostSession): Promise<number> {
  switch (args.command) {
    case "open":
      await (await import("./open.ts")).runOpen(args, session);
      return 0;
    case "forward":
      await (await import("./forward.ts")).runForward(args, session);
      return 0;
    case "run":
      return await (await import("./run.ts")).runRun(args, session);
    case "status":
      return await (await import("./status.ts")).runStatus(args, session);
    case "health":
      return await (await import("./health.ts")).runHealth(args, session);
    case "config":
      return await (await import("./config.ts")).runConfig(args, session);
    case "stun":
      return await (await import("./stun.ts")).runStun(args, session);
    case "stun-server":
      await (await import("./stun_server.ts")).runStunServer(args, session);
      return 0;
    case "ip4p":
      (await import("./ip4p.ts")).runIp4p(args, session);
      return 0;
    case "resolve":
      return await (await import("./resolve.ts")).runResolve(args, session);
    case "connect":
      return await (await import("./connect.ts")).runConnect(args, session);
    case "access":
      return await (await import("./access.ts")).runAccess(args, session);
    case "pot":
      return await (await import("./pot.ts")).runPot(args, session);
    case "redirect":
      return await (await import("./redirect.ts")).runRedirect(args, session);
    case "check":
      return await (await import("./check.ts")).runCheck(args, session);
    case "lifetime":
      return await (await import("./lifetime.ts")).runLifetime(args, session);
    case "reach":
      return await (await import("./reach.ts")).runReach(args, session);
    case "reflector":
      return await (await import("./reflector.ts")).runReflector(args, session);
    case "demo":
      return await (await import("./demo.ts")).runDemo(session);
  }
}

function faultLine({ message, hint }: Fault, texts: Texts): string {
  return `porthole: ${[message, ...(hint === "" ? [] : [hint])].join(texts.usage.joiner)}`;
}

/** `--lang` before the command line is parsed, because mistakes in it are told in that language too. */
function langFlag(argv: readonly string[]): Lang | undefined {
  const at = argv.indexOf("--lang");
  const value = at < 0
    ? argv.find((arg) => arg.startsWith("--lang="))?.slice("--lang=".length)
    : argv[at + 1];
  return LANGS.find((lang) => lang === value);
}
