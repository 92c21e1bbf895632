import type { CommandArgs } from "./command_args.ts";
import type { CheckArgs } from "./check_args.ts";
import type { Field, ParserBuilder } from "./parser_builder.ts";

/** Builds the parser of `porthole check`. */
export function checkParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts.check;
  return b.command<CheckArgs>("check", help.check, { ...b.shared() });
}
