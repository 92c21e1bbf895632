import type { CommandArgs } from "./command_args.ts";
import type { RedirectArgs } from "./redirect_args.ts";
import type { Field, ParserBuilder } from "./parser_builder.ts";

/** Builds the parser of `porthole redirect`. */
export function redirectParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts.redirect;
  return b.command<RedirectArgs>("redirect", help.redirect, { ...b.shared() });
}
