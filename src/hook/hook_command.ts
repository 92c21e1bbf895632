import { eventToJson } from "../core/event_json.ts";
import type { MappingFields, Protocol } from "../core/mapping.ts";
import type { Hook } from "./hook.ts";
import {
  fillNatterTemplate,
  hookEnvironment,
  type HookInput,
  natmapArguments,
  natter2Arguments,
} from "./hook_input.ts";
import type { HookCommand } from "./spawn_hook.ts";

/** A command that nobody listens to yet. */
export type HookCommandLine = Omit<HookCommand, "onOutput">;

/**
 * What to run for an event. A list is run as it stands, without a shell; a line goes to the system's shell.
 *
 * @throws {TypeError} If a placeholder's value is not a plain one, or a style that names a mapping has none.
 */
export function hookCommand(hook: Hook, input: HookInput, options: { isWindows: boolean }): HookCommandLine {
  const { run } = hook;
  const args = styleArguments(hook, input);
  const words = (typeof run === "string" ? [run] : run).map((word) => fill(hook, word, input));
  const [first = "", ...leading] = words;
  const shared = {
    env: hookEnvironment(input),
    ...(hook.style === "json" && { stdin: `${JSON.stringify(eventToJson(input.event))}\n` }),
  };
  if (typeof run !== "string") return { program: first, args: [...leading, ...args], ...shared };
  if (options.isWindows) {
    // cmd reads its command line by rules of its own, so the line goes there as the user wrote it.
    return { program: "cmd", args: ["/d", "/s", "/c", `"${first}"`], isVerbatim: true, ...shared };
  }
  return { program: "/bin/sh", args: ["-c", first, "sh", ...args], ...shared };
}

/** A program's name as it may be shown: nothing in it that begins like an option, an assignment or a redirection. */
const PROGRAM_NAME = /^\s*([\w./~][\w./~+@:-]*)(?=\s|$)/;

/** How a hook is called in logs and status: its program alone, because arguments may hold secrets. */
export function hookLabel({ run }: Pick<Hook, "run">): string {
  if (typeof run !== "string") return run[0] ?? "";
  return PROGRAM_NAME.exec(run)?.[1] ?? "/bin/sh";
}

function styleArguments(hook: Hook, { event, mapping }: HookInput): readonly string[] {
  switch (hook.style) {
    case "natmap":
      return natmapArguments(event.protocol, known(mapping));
    case "natter2":
      return natter2Arguments(event.protocol, known(mapping));
    case "natter":
    case "json":
      return [];
  }
}

function fill(hook: Hook, word: string, { event, mapping }: HookInput): string {
  const protocol: Protocol = event.protocol;
  return hook.style === "natter" ? fillNatterTemplate(word, protocol, known(mapping)) : word;
}

function known(mapping: MappingFields | undefined): MappingFields {
  if (mapping === undefined) throw new TypeError("Cannot run hook: no mapping is known");
  return mapping;
}
