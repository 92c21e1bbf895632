import type { ValueParser } from "@optique/core/valueparser";
import type { CommandArgs, ForwardArgs } from "./command_args.ts";
import type { Field, ParserBuilder } from "./parser_builder.ts";
import { bindSpec, tunnelFields } from "./tunnel_fields.ts";
import {
  type BindSpec,
  formatServer,
  parseByteRate,
  parseCidrText,
  parseCongestion,
  parseCount,
  parseIdleMs,
  parseTarget,
} from "../config/values.ts";
import { valueParser } from "./value_parsers.ts";

const METHODS = ["auto", "relay", "nftables"] as const;
const PROXY_VERSIONS = ["v1", "v2"] as const;
const ANY_PORT: BindSpec = { port: { kind: "fixed", port: 0 } };

/** Builds the parser of `porthole forward`. */
export function forwardParser(b: ParserBuilder): Field<CommandArgs> {
  const { help, usage } = b.texts;
  const plain = (value: string): string => value;
  const cidr = valueParser({ metavar: "CIDR", read: parseCidrText, write: plain, refuse: usage.badCidr });
  const count: ValueParser<"sync", number> = valueParser({
    metavar: "N",
    read: parseCount,
    write: String,
    refuse: usage.badCount,
  });
  return b.command<ForwardArgs>("forward", help.forward, {
    target: b.argument(
      valueParser({ metavar: "TARGET", read: parseTarget, write: formatServer, refuse: usage.badTarget }),
      help.target,
    ),
    bind: b.optionOr("--port", bindSpec(b.texts), { fallback: ANY_PORT, description: help.forwardPort }),
    ...tunnelFields(b),
    idleMs: b.option(
      "--idle",
      valueParser({ metavar: "TIME", read: parseIdleMs, write: (ms) => `${ms}ms`, refuse: usage.badIdle }),
      help.idle,
    ),
    method: b.option("--method", b.choice("METHOD", METHODS), help.method),
    proxyProtocol: b.option("--proxy-protocol", b.choice("VERSION", PROXY_VERSIONS), help.proxyProtocol),
    transparent: b.flag("--transparent", help.transparent),
    congestion: b.option(
      "--congestion",
      valueParser({ metavar: "NAME", read: parseCongestion, write: plain, refuse: usage.badCongestion }),
      help.congestion,
    ),
    allow: b.options("--allow", cidr, help.allow),
    deny: b.options("--deny", cidr, help.deny),
    maxClients: b.option("--max-clients", count, help.maxClients),
    perClient: b.option("--per-client", count, help.perClient),
    perClientRate: b.option("--per-client-rate", count, help.perClientRate),
    rate: b.option(
      "--rate",
      valueParser({ metavar: "BYTES", read: parseByteRate, write: String, refuse: usage.badRate }),
      help.rate,
    ),
    ...b.shared(),
  }, help.forwardLong);
}
