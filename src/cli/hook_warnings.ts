import { delimiter, resolve } from "node:path";
import type { Config, HookConfig } from "../config/config.ts";
import { type ConfigFault, type ConfigPath, formatPath, type PlaceOf } from "../config/config_fault.ts";
import { hookProgram } from "../plan/plan_hooks.ts";
import type { ConfigTexts } from "../text/config_texts.ts";

/** What stands at a path: a program that we may run, one that we may not, something else, or nothing. */
export type ProgramState = "runnable" | "not-executable" | "no-file" | "missing";

/** Options for {@linkcode hookWarnings}. */
export interface HookWarningsOptions {
  /** Relative paths start here. */
  readonly directory: string;
  readonly placeOf: PlaceOf;
  readonly readEnv: (name: string) => string | undefined;
  /** Looks at an absolute path. */
  readonly stateOf: (path: string) => Promise<ProgramState>;
  readonly texts: ConfigTexts;
}

/**
 * Finds hooks whose programs cannot be run as things are now; they may be there when they are needed. Lines for the
 * shell are not looked into.
 */
export async function hookWarnings(
  config: Config,
  options: HookWarningsOptions,
): Promise<readonly ConfigFault[]> {
  const warnings: ConfigFault[] = [];
  for (const { path, run } of programsOf(config)) {
    const message = await wordsFor(run, options);
    if (message === undefined) continue;
    warnings.push({ path: formatPath(path), ...options.placeOf(path), message });
  }
  return warnings;
}

interface Program {
  readonly path: ConfigPath;
  readonly run: string;
}

function programsOf(config: Config): readonly Program[] {
  const within = (hooks: readonly HookConfig[] | undefined, path: ConfigPath): readonly Program[] =>
    (hooks ?? []).flatMap(({ run }, i) => {
      const [program] = typeof run === "string" ? [] : run;
      return program === undefined ? [] : [{ path: [...path, i, "run"], run: program }];
    });
  return [
    ...within(config.hooks, ["hooks"]),
    ...config.tunnels.flatMap(({ hooks, enabled = true }, i) =>
      enabled ? within(hooks, ["tunnels", i, "hooks"]) : []
    ),
  ];
}

async function wordsFor(run: string, options: HookWarningsOptions): Promise<string | undefined> {
  const { directory, readEnv, stateOf, texts } = options;
  const program = hookProgram(run, directory);
  if (resolve(program) !== program) {
    for (const folder of (readEnv("PATH") ?? "").split(delimiter)) {
      if (await stateOf(resolve(folder, program)) === "runnable") return undefined;
    }
    return texts.hookNotInPath(program);
  }
  switch (await stateOf(program)) {
    case "runnable":
      return undefined;
    case "not-executable":
      return texts.hookNotExecutable(program);
    case "no-file":
      return texts.hookIsNoFile(program);
    case "missing":
      return texts.hookMissing(program);
  }
}
