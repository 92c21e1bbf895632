import { optional } from "@optique/core/modifiers";
import type { ValueParser } from "@optique/core/valueparser";
import { parseIdleMs } from "../config/values.ts";
import type {
  CommandArgs,
  ConfigAction,
  ConfigArgs,
  HealthArgs,
  RunArgs,
  StatusArgs,
} from "./command_args.ts";
import type { Field, ParserBuilder } from "./parser_builder.ts";
import { valueParser } from "./value_parsers.ts";

const ACTIONS: readonly ConfigAction[] = ["check", "import", "schema"];

/** Builds the parser of `porthole run`. */
export function runParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts;
  return b.command<RunArgs>("run", help.run, {
    config: b.option("-c", word(b, "FILE"), help.configFile),
    socket: b.option("--socket", word(b, "PATH"), help.socket),
    ...b.shared(),
  }, help.runLong);
}

/** Builds the parser of `porthole status`. */
export function statusParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts;
  return b.command<StatusArgs>("status", help.status, {
    watch: b.flag("--watch", help.watch),
    socket: b.option("--socket", word(b, "PATH"), help.socket),
    ...b.shared(),
  });
}

/** Builds the parser of `porthole health`. */
export function healthParser(b: ParserBuilder): Field<CommandArgs> {
  const { help, usage } = b.texts;
  return b.command<HealthArgs>("health", help.health, {
    tunnel: optional(b.argument(word(b, "NAME"), help.healthName)),
    maxAgeMs: b.option(
      "--max-age",
      valueParser({ metavar: "TIME", read: parseIdleMs, write: (ms) => `${ms}ms`, refuse: usage.badIdle }),
      help.maxAge,
    ),
    verify: b.flag("--verify", help.verify),
    ping: b.option("--ping", word(b, "URL"), help.ping),
    socket: b.option("--socket", word(b, "PATH"), help.socket),
    ...b.shared(),
  }, help.healthLong);
}

/** Builds the parser of `porthole config`. */
export function configParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts;
  return b.command<ConfigArgs>("config", help.config, {
    action: b.argument(b.choice("ACTION", ACTIONS), help.configAction),
    file: optional(b.argument(word(b, "FILE"), help.configFile)),
    ...b.shared(),
  });
}

/** Any text; whoever uses it says what is wrong with it. */
function word(b: ParserBuilder, metavar: "FILE" | "PATH" | "NAME" | "URL"): ValueParser<"sync", string> {
  const plain = (value: string): string => value;
  const isPath = metavar === "FILE" || metavar === "PATH";
  return valueParser({ metavar, isPath, read: plain, write: plain, refuse: b.texts.usage.unexpected });
}
