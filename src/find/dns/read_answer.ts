import type { DnsMessage, DnsRecord } from "../../dns/message.ts";
import { readName } from "../../dns/name.ts";
import { decodeRdata, TYPE_NUMBERS } from "../../dns/rdata.ts";
import type { RecordData, RecordType } from "../../dns/record_data.ts";
import { MOST_ALIASES } from "./dns_source.ts";
import { IN } from "./query.ts";

/** Number of the type CNAME. */
const CNAME = 5;
const NXDOMAIN = 3;

/** RFC 1035, section 4.1.1, and RFC 2136. */
const RCODES: Readonly<Record<number, string>> = {
  1: "FORMERR",
  2: "SERVFAIL",
  3: "NXDOMAIN",
  4: "NOTIMP",
  5: "REFUSED",
  9: "NOTAUTH",
};

/** What one message says about a question. */
export type AnswerReading =
  | { readonly kind: "records"; readonly records: readonly RecordData[]; readonly ttlSeconds: number }
  /** The message ends in an alias; its target is not in it. */
  | { readonly kind: "alias"; readonly target: string; readonly ttlSeconds: number }
  | { readonly kind: "no-name" }
  /** `rcode` has words for people. */
  | { readonly kind: "failed"; readonly rcode: string };

/** Nothing is kept longer, whatever it says; with the highest bit it means nothing (RFC 2181, section 8). */
const LONGEST_TTL_SECONDS = 604_800;

/**
 * Reads an answer: only records that belong to the name asked for, or to the end of its chain of aliases, count;
 * malformed ones count as absent. Total and pure.
 */
export function readAnswer(message: DnsMessage, name: string, type: RecordType): AnswerReading {
  const { rcode } = message;
  if (rcode !== 0 && rcode !== NXDOMAIN) {
    return { kind: "failed", rcode: RCODES[rcode] ?? `RCODE ${rcode}` };
  }
  const answers = message.answers.filter((record) => record.class === IN);
  const chain = followAliases(answers, name);
  if (chain === undefined) return { kind: "failed", rcode: "with aliases that lead in a circle" };
  const own = answers.filter((one) => isOwnedBy(one, chain.end) && one.type === TYPE_NUMBERS[type]);
  const records = own.flatMap((one) => decodeRdata(type, one.rdata) ?? []);
  const ttlSeconds = Math.min(chain.ttlSeconds, ...own.map(ttlOf));
  if (own.length > 0) return { kind: "records", records, ttlSeconds };
  if (rcode === NXDOMAIN) return { kind: "no-name" };
  if (chain.end !== name) return { kind: "alias", target: chain.end, ttlSeconds };
  return { kind: "records", records: [], ttlSeconds: 0 };
}

/** Where the aliases within one message lead; `undefined`: nowhere, or too far. */
function followAliases(
  answers: readonly DnsRecord[],
  name: string,
): { readonly end: string; readonly ttlSeconds: number } | undefined {
  let end = name;
  let ttlSeconds = LONGEST_TTL_SECONDS;
  for (let hops = 0; hops <= MOST_ALIASES; hops++) {
    const alias = answers.find((one) => isOwnedBy(one, end) && one.type === CNAME);
    if (alias === undefined) return { end, ttlSeconds };
    const target = nameInRdata(alias.rdata);
    if (target === undefined) return undefined;
    end = target;
    ttlSeconds = Math.min(ttlSeconds, ttlOf(alias));
  }
  return undefined;
}

function ttlOf({ ttlSeconds }: DnsRecord): number {
  return ttlSeconds >= 2 ** 31 ? 0 : ttlSeconds;
}

function isOwnedBy(record: DnsRecord, name: string): boolean {
  return record.name.toLowerCase() === name;
}

/** The name that CNAME and NS data is (RFC 1035, section 3.3); `undefined` if it is none, or the root. Total. */
export function nameInRdata(rdata: Uint8Array): string | undefined {
  return readName(rdata, 0)?.name || undefined;
}
