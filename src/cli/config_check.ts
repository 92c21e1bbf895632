import type { ConfigFault } from "../config/config_fault.ts";
import { readFile } from "../config/read_file.ts";
import type { ReadFile } from "../config/secrets.ts";
import { loadPlan } from "../plan/load_plan.ts";
import { TUNNEL_DEFAULTS } from "../plan/tunnel_defaults.ts";
import { faultLine, unreadableLine } from "./config_lines.ts";
import { hookWarnings, type ProgramState } from "./hook_warnings.ts";
import { programState } from "./program_state.ts";
import type { Session } from "./session.ts";

/** What {@linkcode checkConfig} reads with. */
export interface CheckConfigOptions {
  /** @default {readFile} */
  readonly read?: ReadFile;
  /** @default {Deno.env.get} */
  readonly readEnv?: (name: string) => string | undefined;
  /** @default {programState} */
  readonly stateOf?: (path: string) => Promise<ProgramState>;
}

/** More than that at a time would not fit what waits for the reader of stdout. */
const LINES_AT_A_TIME = 100;

/**
 * `porthole config check`: prints every fault as `FILE:LINE:COLUMN: PATH: MESSAGE`, then warnings alike, and, where
 * there is no fault, one line that says so. With `--json` each is an object, the last one counts.
 *
 * @returns 0 if nothing is wrong, whatever the warnings; else 1.
 */
export async function checkConfig(
  file: string,
  session: Session,
  options: CheckConfigOptions = {},
): Promise<number> {
  const {
    read = readFile,
    readEnv = (name): string | undefined => Deno.env.get(name),
    stateOf = programState,
  } = options;
  const { texts: { config: texts }, isJson, output, log } = session;
  const loading = await loadPlan(file, { readFile: read, readEnv, defaults: TUNNEL_DEFAULTS });
  if (loading.kind === "unreadable") {
    log.error(unreadableLine(file, { ...loading, texts }));
    return 1;
  }
  if (loading.kind === "faults") {
    await print(loading.faults, { file, session, severity: "fault" });
    if (isJson) output.json({ faults: loading.faults.length, warnings: 0 });
    return 1;
  }
  const { config, directory, placeOf, plan } = loading;
  const warnings = await hookWarnings(config, { directory, placeOf, readEnv, stateOf, texts });
  await print(warnings, { file, session, severity: "warning" });
  const tunnels = plan.tunnels.length;
  if (isJson) output.json({ tunnels, faults: 0, warnings: warnings.length });
  else output.line(texts.noFaults(tunnels));
  return 0;
}

interface PrintOptions {
  readonly file: string;
  readonly session: Session;
  readonly severity: "fault" | "warning";
}

async function print(
  faults: readonly ConfigFault[],
  { file, session, severity }: PrintOptions,
): Promise<void> {
  const { texts, isJson, output } = session;
  const label = severity === "warning" ? texts.config.warning : undefined;
  for (const [i, fault] of faults.entries()) {
    const { line, column, path, message } = fault;
    if (isJson) output.json({ severity, file, line, column, path, message });
    else output.line(faultLine(file, { ...fault, label }));
    if (i % LINES_AT_A_TIME === LINES_AT_A_TIME - 1) await output.flush();
  }
}
