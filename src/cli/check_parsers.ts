import { formatEndpoint } from "../core/endpoint.ts";
import { parseInterface, parseMark } from "../config/values.ts";
import { reflectorUrl } from "../reach/ask_reflector.ts";
import type { CommandArgs } from "./command_args.ts";
import type { CheckArgs } from "./check_args.ts";
import type { Field, ParserBuilder } from "./parser_builder.ts";
import type { ReachSpec } from "./reach_args.ts";
import { parseListenSpec } from "./reach_parsers.ts";
import { valueParser } from "./value_parsers.ts";

/** Builds the parser of `porthole check`. */
export function checkParser(b: ParserBuilder): Field<CommandArgs> {
  const { help: general, usage, reach } = b.texts;
  const { help } = b.texts.check;
  const plain = (value: string): string => value;
  const bind = valueParser({
    ...{ metavar: "[IP:]PORT", read: parseListenSpec, refuse: reach.usage.badListen },
    write: ({ host, port }: ReachSpec) => host === undefined ? `${port}` : formatEndpoint({ host, port }),
  });
  const url = valueParser({
    ...{ metavar: "URL", read: readUrl, write: plain },
    // Where the credentials would stand, or a token.
    refuse: (text) => reach.usage.badUrl(text.replace(/\/\/[^/]*@/, "//***@").replace(/[?#].*/s, "?***")),
  });
  const secret = valueParser({
    ...{ metavar: "SECRET", read: plain, write: plain, refuse: usage.unexpected },
  });
  return b.command<CheckArgs>("check", help.check, {
    bind: b.option("--bind", bind, help.bind),
    udp: b.flag("--udp", help.udp),
    tcp: b.flag("--tcp", help.tcp),
    ipv4: b.flag("-4", general.ipv4),
    ipv6: b.flag("-6", general.ipv6),
    stun: b.options("--stun", b.server(3478), general.stunServers),
    interface: b.option(
      "--interface",
      valueParser({
        metavar: "NAME|IP",
        read: parseInterface,
        write: (spec) => spec.kind === "device" ? spec.name : spec.address,
        refuse: usage.badInterface,
      }),
      general.interfaceName,
    ),
    mark: b.option(
      "--mark",
      valueParser({ metavar: "N", read: parseMark, write: String, refuse: usage.badMark }),
      general.mark,
    ),
    reflector: b.option("--reflector", url, help.reflector),
    token: b.option("--token", secret, help.token),
    verbose: b.flag("--verbose", help.verbose),
    ...b.shared(),
  }, help.checkLong);
}

function readUrl(text: string): string {
  try {
    return reflectorUrl(text).href;
  } catch (error) {
    if (error instanceof TypeError) throw new SyntaxError(error.message);
    throw error;
  }
}
