import { scopeOf } from "../core/address_scope.ts";
import { addressBytes, familyOf } from "../core/endpoint.ts";
import type { Platform } from "../core/platform.ts";
import { DnsError } from "./dns/dns_error.ts";
import type { DnsSource } from "./dns/dns_source.ts";
import {
  FIND_WAYS,
  type FindQuestion,
  type FindWarning,
  type FindWay,
  type Found,
  NotFoundError,
} from "./found.ts";
import { NameLookup, type SystemLookup } from "./name_lookup.ts";
import { srvOwners, svcbOwner } from "./service.ts";
import { findAddress } from "./ways/find_address.ts";
import { findHttps } from "./ways/find_https.ts";
import { findIp4p } from "./ways/find_ip4p.ts";
import { findPot } from "./ways/find_pot.ts";
import { findSrv } from "./ways/find_srv.ts";
import { NO_SUCH_NAME, type Way, type WayContext, type WayOutcome } from "./ways/way.ts";

/** Options for {@linkcode findEndpoint}. */
export interface FindOptions {
  /** Where names are looked up. */
  readonly dns: DnsSource;
  /** Timers and draws. */
  readonly platform: Pick<Platform, "clock" | "random">;
  /** For addresses that the DNS does not have; absent where certain servers were asked for. */
  readonly system?: SystemLookup | undefined;
  /** Past caches, because what they say turned out to be wrong. @default {false} */
  readonly isFresh?: boolean;
  /** Its reason is thrown. */
  readonly signal: AbortSignal;
}

const WAYS: Readonly<Record<FindWay, Way>> = {
  pot: findPot,
  srv: findSrv,
  https: findHttps,
  ip4p: findIp4p,
  address: findAddress,
};

/** A way that could not tell. */
interface Failure {
  readonly way: FindWay;
  readonly reason: string;
}

/**
 * Finds where a service is now. Every way is asked at once, and the first in {@linkcode FIND_WAYS} that gives endpoints
 * counts; that a name decidedly has no such service (SRV target `.`) ends it. It takes no longer than some seconds.
 *
 * @throws {NotFoundError} With what each way was about.
 * @throws `signal.reason` if aborted.
 */
export async function findEndpoint(question: FindQuestion, options: FindOptions): Promise<Found> {
  const { dns, platform, system, isFresh = false, signal } = options;
  signal.throwIfAborted();
  if (addressBytes(question.name) !== undefined) return literal(question);
  const over = new AbortController();
  const stop = (): void => over.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const lookup = new NameLookup({
    dns: isFresh ? dns.fresh() : dns,
    clock: platform.clock,
    families: question.families,
    system,
    signal: over.signal,
  });
  const context: WayContext = { question, lookup, random: platform.random };
  const ways = question.via === "auto"
    ? FIND_WAYS.filter((way) => isPossible(way, question))
    : [question.via];
  const pending = ways.map((way) => ({ way, outcome: attempt(way, context) }));
  try {
    return await firstOf(pending, context);
  } finally {
    signal.removeEventListener("abort", stop);
    over.abort(new DOMException("The search is over", "AbortError"));
    await Promise.allSettled(pending.map(({ outcome }) => outcome));
    signal.throwIfAborted();
  }
}

/** Whether there is anything to ask; only who asks for this way alone is told that there is not. */
function isPossible(way: FindWay, { name, service }: FindQuestion): boolean {
  if (way === "srv") return srvOwners(name, service).length > 0;
  return way !== "https" || svcbOwner(name, service) !== undefined;
}

/** What a way gave, or why it could not tell. Rejects when aborted only. */
async function attempt(way: FindWay, context: WayContext): Promise<WayOutcome | DnsError> {
  try {
    return await WAYS[way](context);
  } catch (error) {
    if (error instanceof DnsError) return error;
    throw error;
  }
}

async function firstOf(
  pending: readonly { readonly way: FindWay; readonly outcome: Promise<WayOutcome | DnsError> }[],
  { question, lookup }: WayContext,
): Promise<Found> {
  const reasons: string[] = [];
  const failures: Failure[] = [];
  for (const { way, outcome } of pending) {
    const result = await outcome;
    if (result instanceof DnsError) {
      reasons.push(result.reason);
      if (result.failure !== "no-name") failures.push({ way, reason: result.reason });
      continue;
    }
    if (result.kind === "found") {
      const { endpoints, ttlSeconds, evidence } = result;
      return {
        endpoints,
        via: way,
        ttlSeconds,
        evidence,
        warnings: warningsOf(result, { way, failures, question }),
      };
    }
    reasons.push(result.reason);
    if (result.isFinal) break;
  }
  // A name that is not there has no records either; saying so once is enough.
  const told = reasons.includes(NO_SUCH_NAME) && failures.length === 0 ? [NO_SUCH_NAME] : reasons;
  const { hasFakeIp } = lookup;
  throw new NotFoundError(question, told, { isTemporary: failures.length > 0, hasFakeIp });
}

function warningsOf(
  { endpoints }: Extract<WayOutcome, { readonly kind: "found" }>,
  seen: {
    readonly way: FindWay;
    readonly failures: readonly Failure[];
    readonly question: FindQuestion;
  },
): readonly FindWarning[] {
  const { way, failures, question } = seen;
  const fake = endpoints.find(({ address }) => scopeOf(address) === "fake-ip");
  return [
    ...failures.map((failure): FindWarning => ({ kind: "way-failed", ...failure })),
    ...(fake === undefined ? [] : [{ kind: "fake-ip" as const, address: fake.address }]),
    ...(way === "address" && question.port === undefined
      ? [{ kind: "usual-port" as const, port: question.service?.defaultPort ?? 0 }]
      : []),
  ];
}

/** An address needs no DNS. */
function literal(question: FindQuestion): Found {
  const { name, service, families } = question;
  const port = question.port ?? service?.defaultPort;
  const reasons = [
    ...(port === undefined ? ["no port is known"] : []),
    ...(families.includes(familyOf(name)) ? [] : [`it is an IPv${familyOf(name)} address`]),
    ...(question.via === "auto" || question.via === "address" ? [] : ["an address has no records"]),
  ];
  if (port === undefined || reasons.length > 0) {
    throw new NotFoundError(question, reasons, { isTemporary: false });
  }
  return {
    endpoints: [{ address: name, port }],
    via: "address",
    ttlSeconds: undefined,
    evidence: [],
    warnings: [],
  };
}
