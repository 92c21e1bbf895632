import type { CommandArgs } from "./command_args.ts";
import type { AccessArgs, ConnectArgs, PotArgs, ResolveArgs } from "./find_args.ts";
import type { Field, ParserBuilder } from "./parser_builder.ts";

/** Builds the parser of `porthole resolve`. */
export function resolveParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts.find;
  return b.command<ResolveArgs>("resolve", help.resolve, { ...b.shared() });
}

/** Builds the parser of `porthole connect`. */
export function connectParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts.find;
  return b.command<ConnectArgs>("connect", help.connect, { ...b.shared() });
}

/** Builds the parser of `porthole access`. */
export function accessParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts.find;
  return b.command<AccessArgs>("access", help.access, { ...b.shared() });
}

/** Builds the parser of `porthole pot`. */
export function potParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts.find;
  return b.command<PotArgs>("pot", help.pot, { ...b.shared() });
}
