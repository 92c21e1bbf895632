import type { ConfigPath } from "../../config/config_fault.ts";
import type { RecordConfig } from "../../config/publish/record_config.ts";
import { parseIdleMs } from "../../config/values.ts";
import { isWithin } from "../../core/domain_name.ts";
import type { Protocol } from "../../core/mapping.ts";
import { isPotKey } from "../../core/pot.ts";
import type { RecordPlan } from "../../publish/options.ts";
import { protocolIn } from "../../publish/record_sets.ts";
import { isTemplate } from "../../publish/template.ts";
import { UNKNOWN_FIELD } from "./plan_webhook.ts";
import { nameBelow, type PlanPublishOptions } from "./publish_planning.ts";

/** Options for {@linkcode planRecords}. */
export interface PlanRecordsOptions extends PlanPublishOptions {
  /** Canonical; `undefined`: names are whole. */
  readonly zone: string | undefined;
  /** Whether the provider has a proxy for `proxied`. @default {false} */
  readonly hasProxy?: boolean | undefined;
}

/** TTL of records that say nothing: a mapping can move at any moment. */
const TTL_SECONDS = 60;
/** A record has to fit into an answer, with what the mapping fills in. */
const MOST_TEMPLATE_CHARACTERS = 4096;

/**
 * `service` of compat.md 5.2, by its names in nat1_traversal: the labels before the host's name. `tcp` and `udp` are the
 * protocol alone.
 */
const SERVICE_PRESETS: ReadonlyMap<string, string> = new Map([
  ["mcje", "_minecraft._tcp"],
  ["mcbe", "_minecraft._udp"],
  ["web", "_web._tcp"],
  ["tcp", "_tcp"],
  ["udp", "_udp"],
]);

/**
 * Plans the `records` of an entry: names whole, defaults filled in. Refuses names that are none or not within the zone,
 * services and keys of the other protocol, and what contradicts itself; those are left out.
 */
export function planRecords(
  records: readonly RecordConfig[] | undefined,
  options: PlanRecordsOptions,
): readonly RecordPlan[] {
  const plans = (records ?? []).map((record, i) =>
    planRecord(record, { ...options, path: [...options.path, "records", i] })
  );
  refuseMixedTexts(plans, options);
  return plans.filter((plan) => plan !== undefined);
}

/** A name of the provider's zone, made whole; refuses one outside of it. */
export function nameInZone(
  path: ConfigPath,
  text: string,
  { zone, refusals }: Pick<PlanRecordsOptions, "zone" | "refusals">,
): string | undefined {
  const isBare = text === "" || text === "@";
  if (zone === undefined && isBare) {
    refusals.refuse(path, 'expected a whole name, because "zone" is not given');
    return undefined;
  }
  const name = nameBelow(path, text, { zone, refusals });
  if (name === undefined || zone === undefined || isWithin(name, zone)) return name;
  refusals.refuse(path, `expected a name within the zone ${zone}`);
  return undefined;
}

/** @param options Its `path` is the record's. */
function planRecord(record: RecordConfig, options: PlanRecordsOptions): RecordPlan | undefined {
  const { path, refusals, hasProxy = false } = options;
  const namePath = record.name === undefined ? path : [...path, "name"];
  const name = nameInZone(namePath, record.name ?? "@", options);
  if (name === undefined) return undefined;
  const common = { name, ttlSeconds: ttlSecondsOf(record.ttl) };
  switch (record.type) {
    case "A":
      if (record.proxied !== undefined && !hasProxy) {
        refusals.refuse([...path, "proxied"], "only cloudflare has a proxy");
      }
      return { type: "A", ...common, ...(hasProxy && { proxied: record.proxied ?? false }) };
    case "AAAA":
      return { type: "AAAA", ...common };
    case "SRV":
      return planSrv(record, { ...options, common });
    case "TXT":
      return planText(record, { ...options, common });
    case "HTTPS":
    case "SVCB":
      return planBinding(record, { ...options, common });
  }
}

interface Common {
  readonly name: string;
  readonly ttlSeconds: number;
}

function planSrv(
  record: Extract<RecordConfig, { type: "SRV" }>,
  options: PlanRecordsOptions & { readonly common: Common },
): RecordPlan | undefined {
  const { protocol, path, refusals, common: { name: host, ttlSeconds } } = options;
  const { service = protocol, priority = 10, weight = 0 } = record;
  const servicePath = record.service === undefined ? path : [...path, "service"];
  const labels = SERVICE_PRESETS.get(service) ?? service.replace(/\.$/, "");
  if (!/^_[a-z\d_-]+(?:\._[a-z\d_-]+)*$/i.test(labels)) {
    const known = [...SERVICE_PRESETS.keys()].join(", ");
    refusals.refuse(servicePath, `expected labels as in _minecraft._tcp, or one of ${known}`);
    return undefined;
  }
  const name = nameBelow(servicePath, `${labels}.${host}.`, { zone: undefined, refusals });
  const named = name === undefined ? undefined : protocolIn(name);
  if (named !== undefined && named !== protocol) {
    refusals.refuse(servicePath, otherProtocol(`${labels} is`, named, protocol));
  }
  const target = record.target === undefined
    ? host
    : nameBelow([...path, "target"], record.target, { zone: options.zone, refusals });
  // A host has no star in its name; with one as owner, the name above is none.
  if (target?.startsWith("*.") && target !== host) {
    refusals.refuse([...path, "target"], "expected a name without *");
  }
  return name === undefined || target === undefined
    ? undefined
    : { type: "SRV", name, ttlSeconds, priority, weight, target };
}

function planText(
  { pot, text }: Extract<RecordConfig, { type: "TXT" }>,
  { protocol, path, refusals, common }: PlanRecordsOptions & { readonly common: Common },
): RecordPlan | undefined {
  if (pot !== undefined && text !== undefined) {
    refusals.refuse(path, "expected pot or text, not both");
    return undefined;
  }
  if (text !== undefined) {
    if (text.length > MOST_TEMPLATE_CHARACTERS) {
      refusals.refuse([...path, "text"], `expected at most ${MOST_TEMPLATE_CHARACTERS} characters`);
      return undefined;
    }
    if (!isTemplate(text)) refusals.refuse([...path, "text"], UNKNOWN_FIELD);
    return { type: "TXT", ...common, content: { kind: "template", template: text } };
  }
  if (pot === undefined) {
    refusals.refuse(path, "expected pot or text");
    return undefined;
  }
  const named = /_(tcp|udp)$/.exec(pot)?.[1];
  const key = named === undefined ? `${pot}_${protocol}` : pot;
  if (!isPotKey(key)) {
    refusals.refuse([...path, "pot"], "expected a service name without blanks and colons, as in ssh");
    return undefined;
  }
  if (named !== undefined && named !== protocol) {
    refusals.refuse([...path, "pot"], otherProtocol(`${key} is`, named, protocol));
    return undefined;
  }
  return { type: "TXT", ...common, content: { kind: "pot", key } };
}

function planBinding(
  record: Extract<RecordConfig, { type: "HTTPS" | "SVCB" }>,
  { path, refusals, zone, common }: PlanRecordsOptions & { readonly common: Common },
): RecordPlan | undefined {
  const { type, priority = 1, alpn = [] } = record;
  if (priority === 0) {
    refusals.refuse([...path, "priority"], "expected 1 to 65535: priority 0 is an alias, which has no port");
    return undefined;
  }
  for (const [i, id] of alpn.entries()) {
    if (!/^[\x21-\x7e]{1,255}$/.test(id)) {
      refusals.refuse([...path, "alpn", i], "expected a protocol as in h2");
    }
  }
  const { target: written = "." } = record;
  const target = written === "." ? "." : nameBelow([...path, "target"], written, { zone, refusals });
  return target === undefined ? undefined : { type, ...common, priority, target, alpn };
}

/** One TXT cannot be both: readers of "port over TXT" take the whole record. */
function refuseMixedTexts(
  plans: readonly (RecordPlan | undefined)[],
  { path, refusals }: PlanPublishOptions,
): void {
  const namesOf = (kind: "pot" | "template"): readonly (string | undefined)[] =>
    plans.map((plan) => plan?.type === "TXT" && plan.content.kind === kind ? plan.name : undefined);
  const pots = new Set(namesOf("pot"));
  for (const [i, name] of namesOf("template").entries()) {
    if (name === undefined || !pots.has(name)) continue;
    refusals.refuse([...path, "records", i], `${name} is a port-over-TXT record already`);
  }
}

function ttlSecondsOf(ttl: string | number | undefined): number {
  if (typeof ttl !== "string") return ttl ?? TTL_SECONDS;
  return Math.ceil(parseIdleMs(ttl) / 1000);
}

function otherProtocol(subject: string, named: string, protocol: Protocol): string {
  return `${subject} ${named.toUpperCase()}, but the tunnel is ${protocol.toUpperCase()}`;
}
