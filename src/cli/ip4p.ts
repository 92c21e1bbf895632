import {
  addressBytes,
  canonicalAddress,
  type Endpoint,
  familyOf,
  formatEndpoint,
  parseEndpoint,
} from "../core/endpoint.ts";
import { decodeIp4p, encodeIp4p } from "../core/ip4p.ts";
import type { Texts } from "../text/texts.ts";
import type { Ip4pArgs } from "./command_args.ts";
import type { Session } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/** `porthole ip4p`: encodes an endpoint or decodes an address, as told or whichever it is given. */
export function runIp4p({ text, more }: Ip4pArgs, session: Session): void {
  const { isJson, output, texts } = session;
  const { endpoint, isEncoded } = readWords([text, ...more], texts);
  const ip4p = encodeIp4p(endpoint);
  const canonical = canonicalAddress(ip4p) ?? ip4p;
  if (isJson) return output.json({ endpoint: formatEndpoint(endpoint), ip4p, canonical });
  if (isEncoded) return output.line(formatEndpoint(endpoint));
  output.line(ip4p);
  if (canonical !== ip4p) output.line(canonical);
}

interface Read {
  readonly endpoint: Endpoint;
  /** It was given as an address. */
  readonly isEncoded: boolean;
}

function readWords([first = "", ...more]: readonly string[], texts: Texts): Read {
  const { usage } = texts.find;
  const isAction = first === "encode" || first === "decode";
  const words = isAction ? more : [first, ...more];
  const [word, second] = words;
  if (word === undefined) throw new UsageError(usage.missingWords(`ip4p ${first}`));
  if (second !== undefined) throw new UsageError(usage.tooManyWords(word));
  const read = readEither(word);
  if (first === "decode" && read?.isEncoded !== true) throw new UsageError(usage.notIp4p(word));
  if (first === "encode" && read?.isEncoded !== false) throw new UsageError(usage.notIpv4(word));
  if (read === undefined) throw new UsageError(texts.usage.badIp4p(word));
  return read;
}

function readEither(words: string): Read | undefined {
  const address = words.replace(/^\[(.*)\]$/, "$1");
  const decoded = decodeIp4p(address);
  if (decoded !== undefined) return { endpoint: decoded, isEncoded: true };
  try {
    const endpoint = addressBytes(address) === undefined ? parseEndpoint(words) : undefined;
    return endpoint !== undefined && familyOf(endpoint.address) === 4
      ? { endpoint, isEncoded: false }
      : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
