import type { CommandArgs } from "./command_args.ts";
import type { LifetimeArgs } from "./lifetime_args.ts";
import type { Field, ParserBuilder } from "./parser_builder.ts";

/** Builds the parser of `porthole lifetime`. */
export function lifetimeParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts.lifetime;
  return b.command<LifetimeArgs>("lifetime", help.lifetime, { ...b.shared() });
}
