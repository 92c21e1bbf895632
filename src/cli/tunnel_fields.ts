import type { ValueParser } from "@optique/core/valueparser";
import type { Texts } from "../text/texts.ts";
import type { SharedArgs, TunnelArgs } from "./command_args.ts";
import type { Fields, ParserBuilder } from "./parser_builder.ts";
import {
  type BindSpec,
  formatBindSpec,
  parseBindSpec,
  parseGatewayChoice,
  parseInterface,
  parseInterval,
  parseMark,
  parseTunnelName,
} from "../config/values.ts";
import { valueParser } from "./value_parsers.ts";

/** `[IP:]PORT`: an argument of `open`, a flag of `forward`. */
export function bindSpec({ usage }: Texts): ValueParser<"sync", BindSpec> {
  return valueParser({
    metavar: "[IP:]PORT",
    read: parseBindSpec,
    write: formatBindSpec,
    refuse: usage.badPort,
  });
}

/** The flags of every command that keeps a mapping, but for what it binds. */
export function tunnelFields(b: ParserBuilder): Fields<Omit<TunnelArgs, "bind" | keyof SharedArgs>> {
  const { help, usage } = b.texts;
  const plain = (value: string): string => value;
  return {
    tcp: b.flag("--tcp", help.tcp),
    udp: b.flag("--udp", help.udp),
    ipv4: b.flag("-4", help.ipv4),
    ipv6: b.flag("-6", help.ipv6),
    stun: b.options("--stun", b.server(3478), help.stunServers),
    keepAlive: b.options("--keep-alive", b.server(80), help.keepAlive),
    intervalMs: b.option(
      "--interval",
      valueParser({
        metavar: "TIME|auto",
        read: parseInterval,
        write: (choice) => choice === "auto" ? choice : `${choice}ms`,
        refuse: b.texts.lifetime.usage.badInterval,
      }),
      help.interval,
    ),
    interface: b.option(
      "--interface",
      valueParser({
        metavar: "NAME|IP",
        read: parseInterface,
        write: (spec) => spec.kind === "device" ? spec.name : spec.address,
        refuse: usage.badInterface,
      }),
      help.interfaceName,
    ),
    mark: b.option(
      "--mark",
      valueParser({ metavar: "N", read: parseMark, write: String, refuse: usage.badMark }),
      help.mark,
    ),
    exec: b.option(
      "--exec",
      valueParser({ metavar: "SCRIPT", isPath: true, read: plain, write: plain, refuse: usage.execMissing }),
      help.exec,
    ),
    name: b.option(
      "--name",
      valueParser({ metavar: "NAME", read: parseTunnelName, write: plain, refuse: usage.badName }),
      help.name,
    ),
    force: b.flag("--force", help.force),
    gateway: b.option(
      "--gateway",
      valueParser({
        metavar: "off|auto|force|IP",
        choices: ["off", "auto", "force"],
        read: parseGatewayChoice,
        write: (choice) => choice.kind === "mode" ? choice.mode : choice.address,
        refuse: b.texts.gateway.badGateway,
      }),
      b.texts.gateway.help,
    ),
  };
}
