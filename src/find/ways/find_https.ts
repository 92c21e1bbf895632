import type { Endpoint, Family } from "../../core/endpoint.ts";
import { familyOf } from "../../core/endpoint.ts";
import type { RecordData } from "../../dns/record_data.ts";
import { isNoName } from "../dns/dns_error.ts";
import { evidenceOf, isUsable, type NameLookup, shortest } from "../name_lookup.ts";
import { svcbOwner } from "../service.ts";
import { NO_ADDRESS, nothing, type WayContext, type WayOutcome } from "./way.ts";

type SvcbData = Extract<RecordData, { readonly type: "HTTPS" | "SVCB" }>;

/** Aliases followed (RFC 9460, section 2.4.2). */
const MOST_HOPS = 4;
/** Alternatives that are looked up. */
const MOST_RECORDS = 4;
/** Where HTTPS is if its record names no port. */
const HTTPS_PORT = 443;
/** Keys that a record may call mandatory (RFC 9460, section 8) without being passed over. */
const UNDERSTOOD = new Set(["alpn", "no-default-alpn", "port", "ipv4hint", "ipv6hint"]);

interface Records {
  readonly owner: string;
  readonly records: readonly SvcbData[];
  readonly ttlSeconds: number | undefined;
  readonly evidence: readonly string[];
}

/**
 * Finds a service by HTTPS or SVCB records (RFC 9460). While other ways are left, only records with a port count:
 * those without one say where the host is, not where its service is. Addresses come from A and AAAA of the target; the
 * record's hints come after them.
 */
export async function findHttps({ question, lookup }: WayContext): Promise<WayOutcome> {
  const at = svcbOwner(question.name, question.service);
  if (at === undefined) return nothing("HTTPS and SVCB records are of another kind of service");
  const found = await follow(at, lookup);
  if (typeof found === "string") return nothing(found);
  const usualPort = question.port ?? (at.type === "HTTPS" ? HTTPS_PORT : question.service?.defaultPort);
  const records = found.records
    .filter(({ params }) =>
      params.port !== undefined || (question.via === "https" && usualPort !== undefined)
    )
    .slice(0, MOST_RECORDS);
  if (records.length === 0) return nothing(`the ${at.type} record of ${found.owner} names no port`);
  const hosts = await Promise.all(
    records.map((data) => endpointsOf(data, { ...found, lookup, usualPort: usualPort ?? 0, question })),
  );
  const endpoints = hosts.flatMap((host) => host.endpoints);
  if (endpoints.length === 0) return nothing(NO_ADDRESS);
  return {
    kind: "found",
    endpoints,
    ttlSeconds: shortest([found.ttlSeconds, ...hosts.map((host) => host.ttlSeconds)]),
    evidence: [...found.evidence, ...new Set(hosts.flatMap((host) => host.evidence))],
  };
}

/** Goes from alias to alias to records of a service, best first; a text says why there are none. */
async function follow(
  { type, owner }: { readonly type: "HTTPS" | "SVCB"; readonly owner: string },
  lookup: NameLookup,
): Promise<Records | string> {
  let at = owner;
  const evidence: string[] = [];
  let ttlSeconds: number | undefined;
  for (let hop = 0; hop <= MOST_HOPS; hop++) {
    const answer = await recordsAt(at, type, lookup);
    const records = answer.records.flatMap((data) => data.type === type ? [data] : []);
    if (records.length === 0) return `there is no ${type} record at ${at}`;
    evidence.push(...evidenceOf(at, { records }));
    ttlSeconds = shortest([ttlSeconds, answer.ttlSeconds]);
    const alias = records.find(({ priority }) => priority === 0);
    if (alias === undefined) {
      const usable = records.filter(isUnderstood).toSorted((a, b) => a.priority - b.priority);
      return { owner: at, records: usable, ttlSeconds, evidence };
    }
    if (alias.target === ".") return `the ${type} record of ${at} says that there is no such service`;
    at = alias.target;
  }
  return `the ${type} records of ${owner} lead in a circle`;
}

async function recordsAt(
  owner: string,
  type: "HTTPS" | "SVCB",
  lookup: NameLookup,
): ReturnType<NameLookup["records"]> {
  try {
    return await lookup.records(owner, type);
  } catch (error) {
    if (!isNoName(error)) throw error;
    return { records: [], ttlSeconds: undefined, isAuthoritative: false };
  }
}

async function endpointsOf(
  { target, params }: SvcbData,
  at: {
    readonly owner: string;
    readonly lookup: NameLookup;
    readonly usualPort: number;
    readonly question: { readonly families: readonly Family[] };
  },
): Promise<{
  readonly endpoints: readonly Endpoint[];
  readonly ttlSeconds: number | undefined;
  readonly evidence: readonly string[];
}> {
  const { owner, lookup, usualPort, question } = at;
  const port = params.port ?? usualPort;
  const hints = [...params.ipv4hint ?? [], ...params.ipv6hint ?? []]
    .filter((address) => isUsable(address) && question.families.includes(familyOf(address)));
  const host = await lookup.addresses(target === "." ? owner : target).catch((error: unknown) => {
    // The hints are for this case.
    if (hints.length === 0 && !isNoName(error)) throw error;
    return { addresses: [], ttlSeconds: undefined, evidence: [] };
  });
  const addresses = [...new Set([...host.addresses, ...hints])];
  const endpoints = port === 0 ? [] : addresses.map((address) => ({ address, port }));
  return { endpoints, ttlSeconds: host.ttlSeconds, evidence: host.evidence };
}

function isUnderstood({ params }: SvcbData): boolean {
  const [, keys = ""] = params.more?.map((text) => /^mandatory="?([^"]*)"?$/.exec(text)).find(Boolean) ?? [];
  return keys.split(",").every((key) => key === "" || UNDERSTOOD.has(key));
}
