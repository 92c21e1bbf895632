import type { Family } from "../core/endpoint.ts";
import { errorCode, PortholeError } from "../core/errors.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import { DialError } from "../find/dial.ts";
import { openDns } from "../find/dns/open_dns.ts";
import type { FindOptions } from "../find/find_endpoint.ts";
import { type FindQuestion, type FindWarning, NotFoundError } from "../find/found.ts";
import { parseService, type Service } from "../find/service.ts";
import type { FindTexts } from "../text/find_texts.ts";
import type { Texts } from "../text/texts.ts";
import type { FindArgs } from "./find_args.ts";
import type { Session } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/** Something could not be found or connected to; the message says what to do as well. */
export class FindFault extends PortholeError {
  override readonly name = "FindFault";
  override readonly code = "not_found";
}

/**
 * What the flags ask for.
 *
 * @param protocol What the service has to run over, if that is said elsewhere.
 * @throws {UsageError} If flags contradict each other.
 */
export function questionOf(args: FindArgs, texts: Texts, protocol?: Protocol): FindQuestion {
  const { name, via, port, ipv4, ipv6, server, doh } = args;
  if (server !== undefined && doh !== undefined) {
    throw new UsageError(texts.usage.exclusive("--server", "--doh"));
  }
  const isBoth = ipv4 === ipv6;
  const families: readonly Family[] = isBoth ? [4, 6] : ipv4 ? [4] : [6];
  return { name, service: serviceOf(args.service, texts, protocol), via, port, families };
}

/** How it is looked up. */
export function findOptionsOf(
  { server, doh }: FindArgs,
  platform: Platform,
): Pick<FindOptions, "dns" | "platform" | "system"> {
  const dns = openDns({ platform, server, doh });
  // Who names a server wants its answers and no other ones.
  if (server !== undefined || doh !== undefined) return { dns, platform };
  return { dns, platform, system: (host, family, signal) => platform.net.resolve(host, family, signal) };
}

/** Logs what was odd. What the usual port is about concerns nobody who did not ask. */
export function warnOf(warnings: readonly FindWarning[], session: Session): void {
  const { log, texts } = session;
  for (const warning of warnings) {
    const line = warningLine(warning, texts.find);
    if (warning.kind === "usual-port") log.debug(line);
    else log.warn(line);
  }
}

/** A warning for people. */
function warningLine(warning: FindWarning, { warning: lines, ways }: FindTexts): string {
  switch (warning.kind) {
    case "fake-ip":
      return lines.fakeIp(warning.address);
    case "way-failed":
      return lines.wayFailed(ways[warning.way], warning.reason);
    case "usual-port":
      return lines.usualPort(warning.port);
  }
}

/** Adds what to do to an error of finding or connecting; others stay as they are. */
export function explained(
  error: unknown,
  args: Pick<FindArgs, "service" | "via" | "doh">,
  texts: Texts,
): unknown {
  const hint = hintFor(error, args, texts.find);
  if (hint === undefined || !(error instanceof PortholeError)) return error;
  return new FindFault([error.message, hint].join(texts.usage.joiner), { cause: error });
}

function hintFor(
  error: unknown,
  { service, via, doh }: Pick<FindArgs, "service" | "via" | "doh">,
  { hint }: FindTexts,
): string | undefined {
  if (error instanceof NotFoundError) {
    if (error.hasFakeIp && doh === undefined) return hint.fakeIp;
    if (error.isTemporary) return hint.dns;
    return service === undefined && ["auto", "pot", "srv"].includes(via) ? hint.service : undefined;
  }
  if (!(error instanceof DialError)) return undefined;
  const isRefused = error.failures.some((failure) => errorCode(failure.error) === "ECONNREFUSED");
  return isRefused ? hint.refused : hint.silent;
}

function serviceOf(
  text: string | undefined,
  texts: Texts,
  protocol: Protocol | undefined,
): Service | undefined {
  if (text === undefined) return undefined;
  try {
    return parseService(text, protocol);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(texts.usage.exclusive(`--service ${text}`, `--${protocol}`));
  }
}
