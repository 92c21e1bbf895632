import type { Endpoint } from "../../core/endpoint.ts";
import type { RecordData } from "../../dns/record_data.ts";
import { srvOwners } from "../service.ts";
import { orderSrv } from "../srv_order.ts";
import { isNoName } from "../dns/dns_error.ts";
import { evidenceOf, type NameLookup, shortest } from "../name_lookup.ts";
import { nothing, type WayContext, type WayOutcome } from "./way.ts";

type SrvData = Extract<RecordData, { readonly type: "SRV" }>;

/** Targets that are looked up; a client does not want to try more either. */
const MOST_TARGETS = 4;

/**
 * Finds a service by SRV records (RFC 2782): by priority and weight, the target `.` being the word that there is no
 * such service. Port 0 and targets without addresses are passed over.
 */
export async function findSrv({ question, lookup, random }: WayContext): Promise<WayOutcome> {
  const owners = srvOwners(question.name, question.service);
  if (owners.length === 0) return nothing("SRV records are of services, so say which one");
  for (const owner of owners) {
    const answer = await recordsAt(owner, lookup);
    const records = answer.records.flatMap((data) => data.type === "SRV" ? [data] : []);
    if (records.length === 0) continue;
    if (records.every(({ target }) => target === ".")) {
      return nothing(`the SRV record of ${owner} says that there is no such service`, { isFinal: true });
    }
    const hosts = await hostsOf(orderSrv(records, random), lookup);
    if (hosts.endpoints.length === 0) {
      return nothing(`the targets of ${owner} have no addresses`);
    }
    return {
      kind: "found",
      endpoints: hosts.endpoints,
      ttlSeconds: shortest([answer.ttlSeconds, hosts.ttlSeconds]),
      evidence: [...evidenceOf(owner, { records }), ...hosts.evidence],
    };
  }
  return nothing(`there is no SRV record at ${owners.join(" or ")}`);
}

async function recordsAt(owner: string, lookup: NameLookup): ReturnType<NameLookup["records"]> {
  try {
    return await lookup.records(owner, "SRV");
  } catch (error) {
    if (!isNoName(error)) throw error;
    return { records: [], ttlSeconds: undefined, isAuthoritative: false };
  }
}

async function hostsOf(
  records: readonly SrvData[],
  lookup: NameLookup,
): Promise<{
  readonly endpoints: readonly Endpoint[];
  readonly ttlSeconds: number | undefined;
  readonly evidence: readonly string[];
}> {
  const usable = records.filter(({ target, port }) => target !== "." && port > 0).slice(0, MOST_TARGETS);
  const found = await Promise.allSettled(usable.map(({ target }) => lookup.addresses(target)));
  const hosts = found.flatMap((one, i) =>
    one.status === "fulfilled" ? [{ ...one.value, port: usable[i]?.port ?? 0 }] : []
  );
  const failed = found.find((one) => one.status === "rejected" && !isNoName(one.reason));
  const endpoints = hosts.flatMap(({ addresses, port }) => addresses.map((address) => ({ address, port })));
  if (endpoints.length === 0 && failed?.status === "rejected") throw failed.reason;
  return {
    endpoints,
    ttlSeconds: shortest(hosts.map(({ ttlSeconds }) => ttlSeconds)),
    evidence: [...new Set(hosts.flatMap(({ evidence }) => evidence))],
  };
}
