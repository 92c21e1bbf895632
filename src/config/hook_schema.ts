import * as v from "valibot";
import type { HookConfig } from "./config.ts";
import {
  choice,
  described,
  either,
  option,
  plainText,
  readable,
  someOf,
  wholeNumber,
} from "./schema_parts.ts";
import { parseDurationMs } from "./values.ts";

/** One entry of `hooks`. */
export const hookSchema: v.GenericSchema<HookConfig> = v.pipe(
  v.strictObject({
    run: described(
      either(someOf(plainText), plainText, "[PROGRAM, ARGUMENT, …], or a line for the shell"),
      "What to run; a program with a slash is relative to this file's folder.",
    ),
    style: option(
      choice(["natmap", "natter2", "natter", "json"]),
      "How it learns the news: natmap's six arguments, Natter 2's five, Natter 0.9's {outer_ip} placeholders, or the " +
        "event as JSON on stdin. Default natmap.",
    ),
    events: option(
      someOf(choice(["mapped", "changed", "restored", "lost", "unusable"])),
      "What it runs for. Default mapped, changed, restored.",
    ),
    timeout: option(
      readable(parseDurationMs, "a time such as 15s, 1500ms or 2m, from 100ms to 1h"),
      "Longer, and it is ended. Default 30s.",
    ),
    retries: option(wholeNumber(0, 100), "How often a failed run is repeated. Default 0."),
  }),
  v.title("Hook"),
);
