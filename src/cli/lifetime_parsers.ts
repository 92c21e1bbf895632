import { parseDurationMs, parseInterface, parseMark } from "../config/values.ts";
import type { CommandArgs } from "./command_args.ts";
import type { LifetimeArgs } from "./lifetime_args.ts";
import type { Field, ParserBuilder } from "./parser_builder.ts";
import { valueParser } from "./value_parsers.ts";

/** Below this there is hardly anything to search. */
const LEAST_MAX_MS = 10_000;

/** Builds the parser of `porthole lifetime`. */
export function lifetimeParser(b: ParserBuilder): Field<CommandArgs> {
  const { help: general, usage: mistakes } = b.texts;
  const { help, usage } = b.texts.lifetime;
  const max = valueParser({
    ...{ metavar: "TIME", read: parseMaxMs, write: (ms: number) => `${ms}ms`, refuse: usage.badMax },
  });
  const via = valueParser({
    ...{ metavar: "NAME|IP", read: parseInterface, refuse: mistakes.badInterface },
    write: (spec) => spec.kind === "device" ? spec.name : spec.address,
  });
  const mark = valueParser({ metavar: "N", read: parseMark, write: String, refuse: mistakes.badMark });
  return b.command<LifetimeArgs>("lifetime", help.lifetime, {
    tcp: b.flag("--tcp", help.tcp),
    udp: b.flag("--udp", help.udp),
    maxMs: b.option("--max", max, help.max),
    ipv4: b.flag("-4", general.ipv4),
    ipv6: b.flag("-6", general.ipv6),
    stun: b.options("--stun", b.server(3478), general.stunServers),
    keepAlive: b.options("--keep-alive", b.server(80), general.keepAlive),
    interface: b.option("--interface", via, general.interfaceName),
    mark: b.option("--mark", mark, general.mark),
    ...b.shared(),
  }, help.lifetimeLong);
}

/**
 * Parses the longest wait, in the spelling of every time.
 *
 * @throws {SyntaxError} If it is something else, or less than 10 s.
 */
export function parseMaxMs(text: string): number {
  const ms = parseDurationMs(text);
  if (ms < LEAST_MAX_MS) throw new SyntaxError(`Cannot use time "${text}": less than ${LEAST_MAX_MS} ms`);
  return ms;
}
