import type { ValueParser } from "@optique/core/valueparser";
import {
  addressBytes,
  canonicalAddress,
  formatEndpoint,
  parseHostPort,
  parsePort,
} from "../core/endpoint.ts";
import { endpointReader, formatServer, parseDurationMs, parseTarget } from "../config/values.ts";
import { reflectorUrl } from "../reach/ask_reflector.ts";
import { DATAGRAM_BYTES } from "../reach/knock.ts";
import type { CommandArgs } from "./command_args.ts";
import type { Field, ParserBuilder } from "./parser_builder.ts";
import type { ReachArgs, ReachSpec, ReflectorArgs } from "./reach_args.ts";
import { valueParser } from "./value_parsers.ts";

/** Builds the parser of `porthole reach`. */
export function reachParser(b: ParserBuilder): Field<CommandArgs> {
  const { help: general, usage: mistakes } = b.texts;
  const { help, usage } = b.texts.reach;
  const target = valueParser({
    ...{ metavar: "HOST:PORT", read: parseTarget, write: formatServer, refuse: mistakes.badTarget },
  });
  const time = valueParser({
    ...{ metavar: "TIME", read: parseDurationMs, refuse: mistakes.badDuration },
    write: (ms) => `${ms}ms`,
  });
  const bytes = valueParser({
    ...{ metavar: "HEX", read: parseBytes, refuse: usage.badSend },
    write: (value) => value.toHex(),
  });
  return b.command<ReachArgs>("reach", help.reach, {
    endpoint: b.argument(spec("ENDPOINT|PORT", parseReachSpec, usage.badEndpoint), help.endpoint),
    udp: b.flag("--udp", help.udp),
    from: b.option("--from", url(b), help.from),
    token: b.option("--token", word(b, "SECRET"), help.token),
    isPublic: b.flag("--public", help.isPublic),
    target: b.option("--target", target, help.target),
    listen: b.option("--listen", spec("[IP:]PORT", parseListenSpec, usage.badListen), help.listen),
    send: b.option("--send", bytes, help.send),
    timeoutMs: b.option("--timeout", time, help.timeout),
    stun: b.options("--stun", b.server(3478), general.stunServers),
    ipv6: b.flag("-6", general.ipv6),
    ...b.shared(),
  }, help.reachLong);
}

/** Builds the parser of `porthole reflector`. */
export function reflectorParser(b: ParserBuilder): Field<CommandArgs> {
  const { usage: mistakes } = b.texts;
  const { help } = b.texts.reach;
  const listen = valueParser({
    ...{ metavar: "IP:PORT", read: endpointReader(), write: formatServer, refuse: mistakes.badEndpoint },
  });
  const address = valueParser({
    ...{ metavar: "IP", read: parseAddress, refuse: mistakes.badEndpoint },
    write: (value: string) => value,
  });
  return b.command<ReflectorArgs>("reflector", help.reflector, {
    listen: b.option("--listen", listen, help.reflectorListen),
    token: b.option("--token", word(b, "SECRET"), help.reflectorToken),
    fromAddress: b.option("--from-address", address, help.fromAddress),
    isBehindProxy: b.flag("--behind-proxy", help.behindProxy),
    tlsCert: b.option("--tls-cert", word(b, "FILE"), help.tlsCert),
    tlsKey: b.option("--tls-key", word(b, "FILE"), help.tlsKey),
    ...b.shared(),
  }, help.reflectorLong);
}

/**
 * Parses `HOST:PORT`, `[V6]:PORT`, or `PORT` alone; port 0 is nobody's.
 *
 * @throws {SyntaxError} If it is something else.
 */
export function parseReachSpec(text: string): ReachSpec {
  const port = parsePort(text);
  const spec = port === undefined ? parseHostPort(text) : { port };
  if (spec.port === 0) throw new SyntaxError(`Cannot use "${text}": port 0 is nobody's`);
  return spec;
}

/**
 * Parses a local `PORT` or `IP:PORT`.
 *
 * @throws {SyntaxError} If it is something else.
 */
export function parseListenSpec(text: string): ReachSpec {
  const spec = parseReachSpec(text);
  if (spec.host === undefined || addressBytes(spec.host) !== undefined) return spec;
  throw new SyntaxError(`Cannot listen on "${text}": it is no address`);
}

function spec(
  metavar: "ENDPOINT|PORT" | "[IP:]PORT",
  read: (text: string) => ReachSpec,
  refuse: (text: string) => string,
): ValueParser<"sync", ReachSpec> {
  const write = ({ host, port }: ReachSpec): string =>
    host === undefined ? `${port}` : formatEndpoint({ host, port });
  return valueParser({ metavar, read, write, refuse });
}

function url(b: ParserBuilder): ValueParser<"sync", string> {
  const read = (text: string): string => {
    try {
      return reflectorUrl(text).href;
    } catch (error) {
      if (error instanceof TypeError) throw new SyntaxError(error.message);
      throw error;
    }
  };
  // Where the credentials would stand, or a token.
  const masked = (text: string): string => text.replace(/\/\/[^/]*@/, "//***@").replace(/[?#].*/s, "?***");
  const refuse = (text: string): string => b.texts.reach.usage.badUrl(masked(text));
  return valueParser({ metavar: "URL", read, write: (value) => value, refuse });
}

/** Any text; whoever uses it says what is wrong with it. */
function word(b: ParserBuilder, metavar: "SECRET" | "FILE"): ValueParser<"sync", string> {
  const plain = (value: string): string => value;
  const isPath = metavar === "FILE";
  return valueParser({ metavar, isPath, read: plain, write: plain, refuse: b.texts.usage.unexpected });
}

function parseBytes(text: string): Uint8Array {
  if (!/^([\da-f]{2})+$/i.test(text) || text.length > 2 * DATAGRAM_BYTES) {
    throw new SyntaxError(`Cannot send "${text}"`);
  }
  return Uint8Array.fromHex(text);
}

function parseAddress(text: string): string {
  const address = canonicalAddress(text);
  if (address === undefined) throw new SyntaxError(`Cannot use "${text}": it is no address`);
  return address;
}
