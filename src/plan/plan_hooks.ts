import { isAbsolute, resolve, sep } from "node:path";
import type { HookConfig } from "../config/config.ts";
import { parseDurationMs } from "../config/values.ts";
import { type Hook, HOOK_DEFAULTS } from "../hook/hook.ts";

/** Hooks with every default filled in, their programs as {@linkcode hookProgram} has them. */
export function planHooks(hooks: readonly HookConfig[] | undefined, baseDirectory: string): readonly Hook[] {
  return (hooks ?? []).map(({ run, style = "natmap", events, timeout, retries }) => ({
    run: typeof run === "string" ? run : resolved(run, baseDirectory),
    style,
    events: events ?? HOOK_DEFAULTS.events,
    timeoutMs: timeout === undefined ? HOOK_DEFAULTS.timeoutMs : parseDurationMs(timeout),
    retries: retries ?? HOOK_DEFAULTS.retries,
  }));
}

/** A program as it is started: with a slash it is a path, relative to a folder; else the system searches PATH. */
export function hookProgram(program: string, baseDirectory: string): string {
  const isPath = program.includes("/") || program.includes(sep) || isAbsolute(program);
  return isPath ? resolve(baseDirectory, program) : program;
}

function resolved([program = "", ...args]: readonly string[], baseDirectory: string): readonly string[] {
  return [hookProgram(program, baseDirectory), ...args];
}
