import { multiple } from "@optique/core/modifiers";
import type { ValueParser } from "@optique/core/valueparser";
import { endpointReader, formatServer, parseDurationMs } from "../config/values.ts";
import { scopeOf } from "../core/address_scope.ts";
import { canonicalName } from "../core/domain_name.ts";
import { canonicalAddress, type Endpoint, parsePort } from "../core/endpoint.ts";
import type { FindQuestion } from "../find/found.ts";
import { parseService } from "../find/service.ts";
import type { CommandArgs, SharedArgs } from "./command_args.ts";
import type { AccessArgs, ConnectArgs, FindArgs, PotAction, PotArgs, ResolveArgs } from "./find_args.ts";
import type { Field, Fields, ParserBuilder } from "./parser_builder.ts";
import { valueParser } from "./value_parsers.ts";

const WAYS: readonly FindQuestion["via"][] = ["auto", "pot", "srv", "https", "ip4p", "address"];
const POT_ACTIONS: readonly PotAction[] = ["encode", "decode", "set"];
const DNS_PORT = 53;
const DEFAULT_TIMEOUT_MS = 10_000;

/** Builds the parser of `porthole resolve`. */
export function resolveParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts.find;
  return b.command<ResolveArgs>("resolve", help.resolve, {
    ...findFields(b),
    ...protocolFields(b),
    ...b.shared(),
  }, help.resolveLong);
}

/** Builds the parser of `porthole connect`. */
export function connectParser(b: ParserBuilder): Field<CommandArgs> {
  const { help } = b.texts.find;
  return b.command<ConnectArgs>("connect", help.connect, {
    ...findFields(b),
    timeoutMs: timeoutField(b),
    ...b.shared(),
  }, help.connectLong);
}

/** Builds the parser of `porthole access`. */
export function accessParser(b: ParserBuilder): Field<CommandArgs> {
  const { help, usage } = b.texts.find;
  return b.command<AccessArgs>("access", help.access, {
    ...findFields(b),
    listen: b.option(
      "--listen",
      valueParser({ metavar: "[IP:]PORT", read: parseListen, write: formatServer, refuse: usage.badListen }),
      help.listen,
    ),
    ...protocolFields(b),
    public: b.flag("--public", help.public),
    timeoutMs: timeoutField(b),
    ...b.shared(),
  }, help.accessLong);
}

/** Builds the parser of `porthole pot`. */
export function potParser(b: ParserBuilder): Field<CommandArgs> {
  const { help, usage } = b.texts.find;
  const word = valueParser({
    metavar: "WORD",
    read: (text) => text,
    write: (text) => text,
    refuse: usage.badEntry,
  });
  return b.command<PotArgs>("pot", help.pot, {
    action: b.argument(b.choice("ACTION", POT_ACTIONS), help.potAction),
    words: multiple(b.argument(word, help.potWords)),
    ...b.shared(),
  }, help.potLong);
}

function findFields(b: ParserBuilder): Fields<Omit<FindArgs, keyof SharedArgs>> {
  const { help, usage } = b.texts.find;
  const plain = (text: string): string => text;
  return {
    name: b.argument(
      valueParser({ metavar: "NAME", read: parseName, write: plain, refuse: usage.badName }),
      help.name,
    ),
    service: b.option(
      "--service",
      valueParser({ metavar: "SERVICE", read: parseServiceText, write: plain, refuse: usage.badService }),
      help.service,
    ),
    via: b.optionOr("--via", b.choice("WAY", WAYS), { fallback: "auto", description: help.via }),
    server: b.option("--server", serverParser(b), help.server),
    doh: b.option(
      "--doh",
      valueParser({ metavar: "URL", read: parseDohUrl, write: plain, refuse: usage.badDoh }),
      help.doh,
    ),
    port: b.option(
      "--port",
      valueParser({ metavar: "N", read: parseRealPort, write: String, refuse: usage.badPort }),
      help.port,
    ),
    ipv4: b.flag("-4", help.ipv4),
    ipv6: b.flag("-6", help.ipv6),
  };
}

function protocolFields(b: ParserBuilder): Fields<Pick<ResolveArgs, "tcp" | "udp">> {
  const { help } = b.texts.find;
  return { tcp: b.flag("--tcp", help.tcp), udp: b.flag("--udp", help.udp) };
}

function timeoutField(b: ParserBuilder): Field<number> {
  const value = valueParser({
    metavar: "TIME",
    read: parseDurationMs,
    write: (ms) => `${ms}ms`,
    refuse: b.texts.usage.badDuration,
  });
  return b.optionOr("--timeout", value, {
    fallback: DEFAULT_TIMEOUT_MS,
    description: b.texts.find.help.timeout,
  });
}

function serverParser(b: ParserBuilder): ValueParser<"sync", Endpoint> {
  const read = (text: string): Endpoint => nonZero(endpointReader(DNS_PORT)(text), text);
  return valueParser({
    metavar: "IP[:PORT]",
    read,
    write: formatServer,
    refuse: b.texts.find.usage.badServer,
  });
}

function parseName(text: string): string {
  return canonicalAddress(text.replace(/^\[(.*)\]$/, "$1")) ?? nameWithLetters(canonicalName(text));
}

/** `1.2.3` and `300.1.1.1` are slips of an address, and no top-level domain has digits only. */
function nameWithLetters(name: string): string {
  if (/^\d+$/.test(name.split(".").at(-1) ?? "")) throw new SyntaxError(`Cannot use name "${name}"`);
  return name;
}

function parseServiceText(text: string): string {
  parseService(text);
  return text;
}

/** HTTPS, or plain HTTP to this machine, where a proxy of one's own may be. */
function parseDohUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const address = canonicalAddress(url?.hostname.replace(/^\[(.*)\]$/, "$1") ?? "");
  const isOwn = url?.hostname === "localhost" || (address !== undefined && scopeOf(address) === "loopback");
  const isGood = url?.protocol === "https:" || (url?.protocol === "http:" && isOwn);
  if (url === undefined || !isGood) throw new SyntaxError(`Cannot use "${text}"`);
  return url.href;
}

function parseRealPort(text: string): number {
  const port = parsePort(text);
  if (port === undefined || port === 0) throw new SyntaxError(`Cannot use port "${text}"`);
  return port;
}

function parseListen(text: string): Endpoint {
  return endpointReader()(/^\d+$/.test(text) ? `127.0.0.1:${text}` : text);
}

function nonZero(endpoint: Endpoint, text: string): Endpoint {
  if (endpoint.port === 0) throw new SyntaxError(`Cannot use "${text}": port 0 is nobody's`);
  return endpoint;
}
