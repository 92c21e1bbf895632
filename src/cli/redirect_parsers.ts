import type { ValueParser } from "@optique/core/valueparser";
import { endpointReader, formatServer } from "../config/values.ts";
import { canonicalName } from "../core/domain_name.ts";
import type { CommandArgs } from "./command_args.ts";
import type { Field, ParserBuilder } from "./parser_builder.ts";
import type { RedirectArgs } from "./redirect_args.ts";
import { valueParser } from "./value_parsers.ts";

/** Builds the parser of `porthole redirect`. */
export function redirectParser(b: ParserBuilder): Field<CommandArgs> {
  const { redirect: { help }, usage } = b.texts;
  const word = (
    metavar: "NAME" | "PATH",
    read = (text: string): string => text,
  ): ValueParser<"sync", string> =>
    valueParser({ metavar, isPath: metavar === "PATH", read, write: (text) => text, refuse: usage.badHost });
  return b.command<RedirectArgs>("redirect", help.redirect, {
    listen: b.options(
      "--listen",
      valueParser({
        metavar: "IP:PORT",
        read: endpointReader(8080),
        write: formatServer,
        refuse: usage.badEndpoint,
      }),
      help.listen,
    ),
    name: b.option("--name", word("NAME"), help.name),
    scheme: b.option("--scheme", b.choice("SCHEME", ["http", "https"]), help.scheme),
    status: b.option("--status", b.choice("STATUS", ["302", "307"]), help.status),
    host: b.option("--host", word("NAME", canonicalName), help.host),
    socket: b.option("--socket", word("PATH"), b.texts.help.socket),
    ...b.shared(),
  }, help.redirectLong);
}
