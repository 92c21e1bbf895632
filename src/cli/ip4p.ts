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

/** `porthole ip4p`: encodes an endpoint or decodes an address, whichever it is given. */
export function runIp4p(args: Ip4pArgs, session: Session): void {
  const { isJson, output, texts } = session;
  const { endpoint, isEncoded } = readEither(args.text, texts);
  const ip4p = encodeIp4p(endpoint);
  const canonical = canonicalAddress(ip4p) ?? ip4p;
  if (isJson) return output.json({ endpoint: formatEndpoint(endpoint), ip4p, canonical });
  if (isEncoded) return output.line(formatEndpoint(endpoint));
  output.line(ip4p);
  if (canonical !== ip4p) output.line(canonical);
}

function readEither(
  words: string,
  texts: Texts,
): { readonly endpoint: Endpoint; readonly isEncoded: boolean } {
  const address = words.replace(/^\[(.*)\]$/, "$1");
  const decoded = decodeIp4p(address);
  if (decoded !== undefined) return { endpoint: decoded, isEncoded: true };
  try {
    const endpoint = addressBytes(address) === undefined ? parseEndpoint(words) : undefined;
    if (endpoint !== undefined && familyOf(endpoint.address) === 4) return { endpoint, isEncoded: false };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new UsageError(texts.usage.badIp4p(words));
}
