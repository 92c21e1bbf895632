import { multiple } from "@optique/core/modifiers";
import type { ValueParser } from "@optique/core/valueparser";
import type { Texts } from "../text/texts.ts";
import type { CommandArgs, DemoArgs, Ip4pArgs, OpenArgs, StunArgs, StunServerArgs } from "./command_args.ts";
import { accessParser, connectParser, potParser, resolveParser } from "./find_parsers.ts";
import { redirectParser } from "./redirect_parsers.ts";
import { checkParser } from "./check_parsers.ts";
import { lifetimeParser } from "./lifetime_parsers.ts";
import { reachParser, reflectorParser } from "./reach_parsers.ts";
import { forwardParser } from "./forward_parser.ts";
import { type Field, ParserBuilder } from "./parser_builder.ts";
import { configParser, healthParser, runParser, statusParser } from "./service_parsers.ts";
import { bindSpec, tunnelFields } from "./tunnel_fields.ts";
import { endpointReader, formatServer } from "../config/values.ts";
import { valueParser } from "./value_parsers.ts";

/** Names of the commands in the order of `--help`; `completions` is built into the runner. */
export const COMMAND_NAMES: readonly CommandArgs["command"][] = [
  "open",
  "forward",
  "run",
  "status",
  "health",
  "config",
  "check",
  "lifetime",
  "reach",
  "reflector",
  "resolve",
  "connect",
  "access",
  "redirect",
  "stun",
  "stun-server",
  "demo",
  "pot",
  "ip4p",
];

/** Builds the parser of one command, with help and errors in the language of `texts`. */
export function commandParser(name: CommandArgs["command"], texts: Texts): Field<CommandArgs> {
  return BUILDERS[name](new ParserBuilder(texts));
}

const BUILDERS: Readonly<Record<CommandArgs["command"], (builder: ParserBuilder) => Field<CommandArgs>>> = {
  "open": openParser,
  "forward": forwardParser,
  "run": runParser,
  "status": statusParser,
  "health": healthParser,
  "config": configParser,
  "resolve": resolveParser,
  "connect": connectParser,
  "access": accessParser,
  "pot": potParser,
  "redirect": redirectParser,
  "check": checkParser,
  "lifetime": lifetimeParser,
  "reach": reachParser,
  "reflector": reflectorParser,
  "stun": stunParser,
  "stun-server": stunServerParser,
  "demo": (b) => b.command<DemoArgs>("demo", b.texts.help.demo, { ...b.shared() }),
  "ip4p": (b) =>
    b.command<Ip4pArgs>("ip4p", b.texts.help.ip4p, {
      text: b.argument(ip4pWord(b), b.texts.help.ip4pValue),
      more: multiple(b.argument(ip4pWord(b), b.texts.find.help.ip4pWords)),
      ...b.shared(),
    }),
};

function ip4pWord({ texts }: ParserBuilder): ValueParser<"sync", string> {
  const plain = (value: string): string => value;
  return valueParser({ metavar: "ENDPOINT|ADDRESS", read: plain, write: plain, refuse: texts.usage.badIp4p });
}

function openParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts;
  return b.command<OpenArgs>("open", help.open, {
    bind: b.argument(bindSpec(b.texts), help.port),
    ...tunnelFields(b),
    test: b.flag("--test", help.test),
    noReuse: b.flag("--no-reuse", help.noReuse),
    waitForService: b.flag("--wait-for-service", help.waitForService),
    ...b.shared(),
  }, help.openLong);
}

function stunParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts;
  return b.command<StunArgs>("stun", help.stun, {
    hosts: multiple(b.argument(b.server(3478), help.stunHosts)),
    tcp: b.flag("--tcp", help.onlyTcp),
    udp: b.flag("--udp", help.onlyUdp),
    ipv4: b.flag("-4", help.ipv4),
    ipv6: b.flag("-6", help.ipv6),
    ...b.shared(),
  });
}

function stunServerParser(b: ParserBuilder): Field<CommandArgs> {
  const { help, usage } = b.texts;
  const write = formatServer;
  const refuse = usage.badEndpoint;
  return b.command<StunServerArgs>("stun-server", help.stunServer, {
    listen: b.options(
      "--listen",
      valueParser({ metavar: "IP:PORT", read: endpointReader(3478), write, refuse }),
      help.listen,
    ),
    alternate: b.option(
      "--alternate",
      valueParser({ metavar: "IP[:PORT]", read: endpointReader(0), write, refuse }),
      help.alternate,
    ),
    ...b.shared(),
  });
}
