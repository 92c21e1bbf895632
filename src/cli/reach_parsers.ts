import type { CommandArgs } from "./command_args.ts";
import type { ReachArgs, ReflectorArgs } from "./reach_args.ts";
import type { Field, ParserBuilder } from "./parser_builder.ts";

/** Builds the parser of `porthole reach`. */
export function reachParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts.reach;
  return b.command<ReachArgs>("reach", help.reach, { ...b.shared() });
}

/** Builds the parser of `porthole reflector`. */
export function reflectorParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts.reach;
  return b.command<ReflectorArgs>("reflector", help.reflector, { ...b.shared() });
}
