import { isWithin } from "../../core/domain_name.ts";
import type { DnsMessage } from "../../dns/message.ts";
import { decodeRdata, TYPE_NUMBERS } from "../../dns/rdata.ts";
import type { RecordType } from "../../dns/record_data.ts";
import type { TsigKey } from "../../dns/tsig.ts";
import type { Rfc2136Options } from "../options.ts";
import { PublishError } from "../publisher.ts";
import type { RecordSet } from "../record_set.ts";
import { RecordConflictError, type RecordStore, type ReplaceOptions } from "../record_store.ts";
import { isSameData, isSameSet } from "../same_record_set.ts";
import { type DnsReply, NameServer, type NameServerParts } from "./name_server.ts";
import { refusal } from "./refusal.ts";
import { updateRequest } from "./update_message.ts";

/** A record set as the server has it. */
interface Found {
  readonly set: RecordSet;
  /** Data that is no valid record of its type. */
  readonly isUnreadable: boolean;
  /** The name is an alias; it may be a wildcard's. */
  readonly isAlias: boolean;
}

const OPCODE_QUERY = 0;
const TYPE_CNAME = 5;
const TYPE_SOA = 6;
const CLASS_IN = 1;
const NOERROR = 0;
const NXDOMAIN = 3;
const NXRRSET = 8;
/** What a server answers if a prerequisite does not hold (RFC 2136, section 3.2): NXDOMAIN, YXDOMAIN, YXRRSET, NXRRSET. */
const UNMET: ReadonlySet<number> = new Set([NXDOMAIN, 6, 7, NXRRSET]);

/**
 * Records at a name server of the user's, by DNS UPDATE (RFC 2136), signed by TSIG (RFC 8945) where there is a key. A
 * record set is replaced by one message, so atomically; with `expected` its prerequisites make it conditional. Nothing
 * is asked before the first `read` or `replace`.
 */
export function openRfc2136(options: Rfc2136Options, parts: NameServerParts): RecordStore {
  return new Rfc2136Store(options, parts);
}

class Rfc2136Store implements RecordStore {
  readonly provider = "rfc2136";
  readonly types: ReadonlySet<RecordType> = new Set(["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"]);
  readonly #options: Rfc2136Options;
  readonly #parts: NameServerParts;
  /** The plan always has one. */
  readonly #zone: string;
  readonly #server: NameServer;
  #isZoneChecked = false;

  constructor(options: Rfc2136Options, parts: NameServerParts) {
    const { zone } = options;
    if (zone === undefined) throw refused("the zone is missing");
    this.#options = options;
    this.#parts = parts;
    this.#zone = zone;
    this.#server = new NameServer(options, { ...parts, key: keyOf(options) });
  }

  async read(name: string, type: RecordType, signal: AbortSignal): Promise<RecordSet> {
    return readable(await this.#find({ name, type }, signal));
  }

  async replace(set: RecordSet, { expected, signal }: ReplaceOptions): Promise<void> {
    const found = await this.#find(set, signal);
    const current = expected === undefined ? found.set : readable(found);
    if (expected !== undefined && !isSameData(current.data, expected.data)) {
      throw new RecordConflictError(this.provider, set);
    }
    if (!found.isUnreadable && isSameSet(current, set)) return;
    const before = expected && current;
    const reply = await this.#update(set, before, signal);
    if (reply.message.rcode === NOERROR && reply.refusal === undefined) return;
    if (reply.refusal !== undefined || !UNMET.has(reply.message.rcode)) throw this.#refusal("update", reply);
    await this.#explain(set, { before, isAlias: found.isAlias, rcode: reply.message.rcode, signal });
  }

  /** Why a prerequisite did not hold: ends well if the records are as wanted all the same. */
  async #explain(
    set: RecordSet,
    options: {
      readonly before: RecordSet | undefined;
      readonly isAlias: boolean;
      readonly rcode: number;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const { before, isAlias, rcode, signal } = options;
    const { set: now } = await this.#find(set, signal);
    // The first of two copies of the update has done it, and only the answer to the second one came.
    if (isSameSet(now, set)) return;
    if (isAlias) {
      throw refused(`${set.name} is an alias (CNAME), and cannot have ${set.type} records beside it`);
    }
    if (rcode === NXRRSET && before !== undefined && isSameData(now.data, before.data)) {
      // They are a wildcard's: the name itself has none.
      const reply = await this.#update(set, { ...before, data: [] }, signal);
      if (reply.message.rcode === NOERROR && reply.refusal === undefined) return;
    }
    throw new RecordConflictError(this.provider, set);
  }

  async #update(set: RecordSet, before: RecordSet | undefined, signal: AbortSignal): Promise<DnsReply> {
    try {
      return await this.#server.ask(updateRequest(set, { zone: this.#zone, before }), signal);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // No message can hold such records.
      throw refused(error.message);
    }
  }

  async #find({ name, type }: Pick<RecordSet, "name" | "type">, signal: AbortSignal): Promise<Found> {
    if (!isWithin(name, this.#zone)) throw refused(`${name} is not in zone ${this.#zone}`);
    await this.#checkZone(signal);
    const reply = await this.#query(name, TYPE_NUMBERS[type], signal);
    const { message } = reply;
    if (message.rcode !== NOERROR && message.rcode !== NXDOMAIN || reply.refusal !== undefined) {
      throw this.#refusal("query", reply);
    }
    if (!message.isAuthoritative) {
      throw refused(`${name} is not in zone ${this.#zone} at this server: a zone below it has it`);
    }
    return foundIn(message, { name, type });
  }

  async #checkZone(signal: AbortSignal): Promise<void> {
    if (this.#isZoneChecked) return;
    const reply = await this.#query(this.#zone, TYPE_SOA, signal);
    const { rcode, isAuthoritative, answers } = reply.message;
    if (rcode !== NOERROR && rcode !== NXDOMAIN || reply.refusal !== undefined) {
      throw this.#refusal("query", reply);
    }
    const hasSoa = answers.some(({ name, type }) => name === this.#zone && type === TYPE_SOA);
    if (!isAuthoritative || !hasSoa) throw refused(`the server is not authoritative for zone ${this.#zone}`);
    this.#isZoneChecked = true;
  }

  #query(name: string, type: number, signal: AbortSignal): Promise<DnsReply> {
    const questions = [{ name, type, class: CLASS_IN }];
    return this.#server.ask({ opcode: OPCODE_QUERY, questions, answers: [], authorities: [] }, signal);
  }

  #refusal(what: "update" | "query", reply: DnsReply): PublishError {
    const { tsig } = this.#options;
    return refusal(reply, { what, zone: this.#zone, tsig, now: this.#parts.clock.date() });
  }
}

function keyOf({ tsig }: Rfc2136Options): TsigKey | undefined {
  if (tsig === undefined) return undefined;
  try {
    const { name, algorithm } = tsig;
    return { name, algorithm, secret: Uint8Array.fromBase64(tsig.secret.reveal()) };
  } catch {
    // Its words would quote the secret.
    throw refused(`the secret of the TSIG key ${tsig.name} is not base64`);
  }
}

function foundIn({ answers }: DnsMessage, { name, type }: Pick<RecordSet, "name" | "type">): Found {
  const records = answers.filter((one) => one.name === name && one.class === CLASS_IN);
  const ours = records.filter((one) => one.type === TYPE_NUMBERS[type]);
  const data = ours.map(({ rdata }) => decodeRdata(type, rdata)).filter((one) => one !== undefined);
  return {
    set: { name, type, ttlSeconds: ours[0]?.ttlSeconds ?? 0, data },
    isUnreadable: data.length < ours.length,
    isAlias: records.some((one) => one.type === TYPE_CNAME),
  };
}

function readable({ set, isUnreadable }: Found): RecordSet {
  if (!isUnreadable) return set;
  throw refused(`${set.name} has a ${set.type} record that cannot be read`);
}

function refused(reason: string): PublishError {
  return new PublishError("rfc2136", reason, { isPermanent: true });
}
