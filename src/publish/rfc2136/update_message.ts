import type { DnsRecord } from "../../dns/message.ts";
import { encodeRdata, TYPE_NUMBERS } from "../../dns/rdata.ts";
import type { RecordSet } from "../record_set.ts";
import type { DnsRequest } from "./name_server.ts";

/** Options for {@linkcode updateRequest}. */
export interface UpdateOptions {
  /** Canonical. */
  readonly zone: string;
  /** What the server has to have for the name and type; `undefined` if it may have anything. */
  readonly before: Pick<RecordSet, "data"> | undefined;
}

const CLASS_IN = 1;
const CLASS_NONE = 254;
const CLASS_ANY = 255;
const TYPE_CNAME = 5;
const TYPE_SOA = 6;
const OPCODE_UPDATE = 5;

/**
 * One UPDATE (RFC 2136) after which the zone has exactly these records for their name and type, and which changes
 * nothing at all unless the zone has what is expected. Where records are added the name must not be an alias, because
 * servers would drop them without a word (section 3.4.2.2). Pure.
 */
export function updateRequest(set: RecordSet, { zone, before }: UpdateOptions): DnsRequest {
  const { name, ttlSeconds, data } = set;
  const type = TYPE_NUMBERS[set.type];
  const empty = { name, ttlSeconds: 0, rdata: new Uint8Array() };
  const noAlias: readonly DnsRecord[] = data.length === 0
    ? []
    : [{ ...empty, type: TYPE_CNAME, class: CLASS_NONE }];
  const expected: readonly DnsRecord[] = before === undefined
    ? []
    // Section 2.4.3: does not exist. Section 2.4.2: exists, and is exactly this.
    : before.data.length === 0
    ? [{ ...empty, type, class: CLASS_NONE }]
    : before.data.map((one) => ({ ...empty, type, class: CLASS_IN, rdata: encodeRdata(one) }));
  const added = data.map((one) => ({ name, type, class: CLASS_IN, ttlSeconds, rdata: encodeRdata(one) }));
  return {
    opcode: OPCODE_UPDATE,
    questions: [{ name: zone, type: TYPE_SOA, class: CLASS_IN }],
    answers: [...noAlias, ...expected],
    // Section 2.5.2: the whole record set goes first; all of the message happens at once.
    authorities: [{ ...empty, type, class: CLASS_ANY }, ...added],
  };
}
