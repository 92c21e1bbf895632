import type { CliHost } from "../host.ts";
import { NatterConsole } from "./natter/front_end.ts";
import { generationOf } from "./natter/generation.ts";
import { takeOwnFlags } from "./natter/own_flags.ts";

/**
 * The `natter` front end: both generations' command lines, told apart by {@linkcode generationOf}, and our own
 * `--stun`, `--keep-alive` and `--json` with either.
 *
 * @param argv What follows `porthole natter`, or the name `natter` itself.
 * @returns The exit status.
 */
export async function runNatter(argv: readonly string[], host: CliHost): Promise<number> {
  await using console = new NatterConsole(host);
  const reading = takeOwnFlags(argv);
  if (reading.kind === "fault") {
    return (await import("./natter/natter2.ts")).complainNatter2(reading.message, console);
  }
  const { flags, rest } = reading;
  const options = { host, console, flags };
  if (generationOf(rest) === "0.9") {
    return await (await import("./natter/natter1.ts")).runNatter1(rest, options);
  }
  return await (await import("./natter/natter2.ts")).runNatter2(rest, options);
}
