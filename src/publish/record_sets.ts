import { canonicalAddress, type Endpoint, familyOf } from "../core/endpoint.ts";
import { encodeIp4p } from "../core/ip4p.ts";
import type { MappingNews } from "../core/mapping.ts";
import type { PotEntry } from "../core/pot.ts";
import { splitText } from "../dns/character_string.ts";
import type { RecordData, RecordType, ServiceParams } from "../dns/record_data.ts";
import { isSameRecordData } from "../dns/record_text.ts";
import type { RecordPlan } from "./options.ts";
import type { RecordSet } from "./record_set.ts";
import { fillTemplate, templateValues } from "./template.ts";

/** Entries that belong into the "port over TXT" record of one name. */
export interface PotUpdate {
  /** Canonical owner name, whole. */
  readonly name: string;
  /** The smallest of the plans. */
  readonly ttlSeconds: number;
  /** In the order of the plans; never two of one key. */
  readonly entries: readonly PotEntry[];
}

/** A record that does not fit a mapping. */
export interface LeftOutRecord {
  /** Canonical owner name, whole. */
  readonly name: string;
  /** Of the plan. */
  readonly type: RecordType;
  /** Why, for people. */
  readonly reason: string;
}

/** What some plans ask for while a mapping is where it is. */
export interface RecordWork {
  /** In the order they are written: addresses first, so that nothing leads to a name without one. */
  readonly sets: readonly RecordSet[];
  /** Merged into what is there, after the sets. */
  readonly pots: readonly PotUpdate[];
  /** In the order of the plans. */
  readonly leftOut: readonly LeftOutRecord[];
}

/** What a TXT record can hold with a byte of length for each 255 (RFC 1035, section 3.3.14). */
const MOST_TEXT_BYTES = 65_000;

/**
 * The records that `plans` ask for, with the mapping of `news` filled in. Pure.
 *
 * - A: the external address. An IPv6 mapping has none, so that it is left out; what is there is not touched.
 * - AAAA: of an IPv4 mapping its endpoint as IP4P, of an IPv6 one its address.
 * - SRV: the external port. One whose owner name says `_tcp` or `_udp` is left out of a mapping of the other protocol.
 * - HTTPS, SVCB: the external port, and the external address as hint of its family.
 * - TXT: the template filled in, cut into strings of up to 255 bytes between characters.
 *
 * Several plans of one name and type are one record set, with the smallest of their TTLs.
 */
export function recordSetsOf(plans: readonly RecordPlan[], news: MappingNews): RecordWork {
  const sets = new Map<string, RecordSet>();
  const pots = new Map<string, PotUpdate>();
  const leftOut: LeftOutRecord[] = [];
  for (const plan of plans) {
    const { name, type, ttlSeconds } = plan;
    if (plan.type === "TXT" && plan.content.kind === "pot") {
      const entry = { key: plan.content.key, port: news.external.port };
      pots.set(name, joinPot(pots.get(name), { name, ttlSeconds, entries: [entry] }));
      continue;
    }
    const made = recordOf(plan, news);
    if (typeof made === "string") {
      leftOut.push({ name, type, reason: made });
      continue;
    }
    const key = `${type} ${name}`;
    sets.set(key, joinSet(sets.get(key), { name, type, ttlSeconds, data: [made] }));
  }
  return { sets: addressesFirst([...sets.values()]), pots: [...pots.values()], leftOut };
}

/** @returns The record's data, or why there is none. */
function recordOf(plan: RecordPlan, news: MappingNews): RecordData | string {
  const { external, protocol } = news;
  switch (plan.type) {
    case "A":
      if (familyOf(external.address) === 6) return "the mapping is IPv6";
      return { type: "A", address: external.address };
    case "AAAA":
      return { type: "AAAA", address: address6Of(external) };
    case "SRV": {
      const named = protocolIn(plan.name);
      if (named !== undefined && named !== protocol) {
        return `it is a ${named.toUpperCase()} service, and the mapping is ${protocol.toUpperCase()}`;
      }
      const { priority, weight, target } = plan;
      return { type: "SRV", priority, weight, port: external.port, target };
    }
    case "TXT": {
      const { content } = plan;
      const text = content.kind === "template" ? fillTemplate(content.template, templateValues(news)) : "";
      const bytes = new TextEncoder().encode(text).length;
      if (bytes > MOST_TEXT_BYTES) return `a text of ${bytes} bytes does not fit into a TXT record`;
      return { type: "TXT", strings: splitText(text) };
    }
    case "HTTPS":
    case "SVCB": {
      const { type, priority, target, alpn } = plan;
      return { type, priority, target, params: paramsOf(external, alpn) };
    }
  }
}

function address6Of(external: Endpoint): string {
  if (familyOf(external.address) === 6) return external.address;
  const ip4p = encodeIp4p(external);
  return canonicalAddress(ip4p) ?? ip4p;
}

function paramsOf({ address, port }: Endpoint, alpn: readonly string[]): ServiceParams {
  return {
    ...(alpn.length > 0 && { alpn }),
    port,
    ...(familyOf(address) === 4 ? { ipv4hint: [address] } : { ipv6hint: [address] }),
  };
}

/** The protocol label (RFC 2782) of an owner name: the last of the labels with an underscore before the host's. */
export function protocolIn(name: string): "tcp" | "udp" | undefined {
  const service = /^((?:_[^.]*\.)+)/.exec(name)?.[1] ?? "";
  return /(?:^|\.)_(tcp|udp)\.$/.exec(service)?.[1] as "tcp" | "udp" | undefined;
}

function joinSet(known: RecordSet | undefined, more: RecordSet): RecordSet {
  if (known === undefined) return more;
  const data = more.data.filter((one) => !known.data.some((other) => isSameRecordData(one, other)));
  return {
    ...known,
    ttlSeconds: Math.min(known.ttlSeconds, more.ttlSeconds),
    data: [...known.data, ...data],
  };
}

function joinPot(known: PotUpdate | undefined, more: PotUpdate): PotUpdate {
  if (known === undefined) return more;
  const entries = more.entries.filter(({ key }) => !known.entries.some((entry) => entry.key === key));
  return {
    ...known,
    ttlSeconds: Math.min(known.ttlSeconds, more.ttlSeconds),
    entries: [...known.entries, ...entries],
  };
}

function addressesFirst(sets: readonly RecordSet[]): readonly RecordSet[] {
  const isAddress = ({ type }: RecordSet): boolean => type === "A" || type === "AAAA";
  return [...sets.filter(isAddress), ...sets.filter((set) => !isAddress(set))];
}
