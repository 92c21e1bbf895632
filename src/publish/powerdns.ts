import * as v from "valibot";
import { isWithin } from "../core/domain_name.ts";
import { Secret } from "../core/secret.ts";
import type { RecordType } from "../dns/record_data.ts";
import { formatRecordData, parseRecordData } from "../dns/record_text.ts";
import { answerWords, memberOf, parseAnswer } from "./answer_words.ts";
import { type HttpAnswer, requestHttp, statusError } from "./http_request.ts";
import type { PublisherParts } from "./open_publisher.ts";
import type { PowerdnsOptions } from "./options.ts";
import { PublishError } from "./publisher.ts";
import type { RecordSet } from "./record_set.ts";
import { RecordConflictError, type RecordStore, type ReplaceOptions } from "./record_store.ts";
import { isSameData, isSameSet } from "./same_record_set.ts";

const zoneAnswer = v.object({
  rrsets: v.array(v.object({
    name: v.string(),
    type: v.string(),
    ttl: v.number(),
    records: v.array(v.object({ content: v.string(), disabled: v.optional(v.boolean()) })),
  })),
});

/** A record set as the server has it. */
interface Found {
  readonly set: RecordSet;
  /** Something in it is served otherwise than it looks: records that are disabled, or that cannot be read. */
  readonly isOdd: boolean;
  /** Content that is no valid record of its type. */
  readonly isUnreadable: boolean;
}

/** A server that does not know `rrset_name` gives the whole zone. */
const MOST_BYTES = 16 * 1024 * 1024;
/** What is read where there is no record. */
const DEFAULT_TTL_SECONDS = 60;

/**
 * Records at a PowerDNS Authoritative Server, by its HTTP API (https://doc.powerdns.com/authoritative/http-api/). It
 * replaces a record set by one request, so atomically, but not conditionally: with `expected` it is read again right
 * before. Disabled records count as records of the set, and go when it is replaced; comments stay.
 */
export function openPowerdns(
  options: PowerdnsOptions,
  parts: Pick<PublisherParts, "fetch" | "clock">,
): RecordStore {
  return new PowerdnsStore(options, parts);
}

class PowerdnsStore implements RecordStore {
  readonly provider = "powerdns";
  readonly types: ReadonlySet<RecordType> = new Set(["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"]);
  readonly #options: PowerdnsOptions;
  readonly #parts: Pick<PublisherParts, "fetch" | "clock">;
  /** The plan always has one. */
  readonly #zone: string;

  constructor(options: PowerdnsOptions, parts: Pick<PublisherParts, "fetch" | "clock">) {
    if (options.zone === undefined) throw refused("the zone is missing");
    this.#options = options;
    this.#parts = parts;
    this.#zone = options.zone;
  }

  async read(name: string, type: RecordType, signal: AbortSignal): Promise<RecordSet> {
    return readable(await this.#find({ name, type }, signal));
  }

  async replace(set: RecordSet, { expected, signal }: ReplaceOptions): Promise<void> {
    const found = await this.#find(set, signal);
    if (expected !== undefined && !isSameData(readable(found).data, expected.data)) {
      throw new RecordConflictError(this.provider, set);
    }
    if (!found.isOdd && isSameSet(found.set, set)) return;
    const { name, type, ttlSeconds, data } = set;
    const owner = { name: `${name}.`, type };
    const rrset = data.length === 0 ? { ...owner, changetype: "DELETE" } : {
      ...{ ...owner, ttl: ttlSeconds, changetype: "REPLACE" },
      records: data.map((one) => ({ content: formatRecordData(one), disabled: false })),
    };
    const { status } = await this.#request("PATCH", { body: JSON.stringify({ rrsets: [rrset] }), signal });
    // A page of a proxy, for example.
    if (status !== 204) throw new PublishError(this.provider, `status ${status} is no answer to a change`);
  }

  async #find({ name, type }: Pick<RecordSet, "name" | "type">, signal: AbortSignal): Promise<Found> {
    if (!isWithin(name, this.#zone)) throw refused(`${name} is not in zone ${this.#zone}`);
    const query = new URLSearchParams({ rrset_name: `${name}.`, rrset_type: type });
    const answer = await this.#request("GET", { query, signal });
    const parsed = v.safeParse(zoneAnswer, parseAnswer(answer.text));
    if (!parsed.success) throw new PublishError(this.provider, "the answer cannot be understood");
    // Older servers do not know the filter.
    const rrset = parsed.output.rrsets.find((one) =>
      one.type === type && one.name.toLowerCase() === `${name}.`
    );
    const records = rrset?.records ?? [];
    const data = records.map(({ content }) => parseRecordData(type, content)).filter((one) =>
      one !== undefined
    );
    const isUnreadable = data.length < records.length;
    return {
      set: { name, type, ttlSeconds: rrset?.ttl ?? DEFAULT_TTL_SECONDS, data },
      isUnreadable,
      isOdd: isUnreadable || records.some(({ disabled }) => disabled === true),
    };
  }

  async #request(
    method: "GET" | "PATCH",
    request: { readonly query?: URLSearchParams; readonly body?: string; readonly signal: AbortSignal },
  ): Promise<HttpAnswer> {
    const { url, server, key } = this.#options;
    const { query, body, signal } = request;
    // HTTP cannot carry others, and `fetch` would quote them.
    if (!/^[\x21-\x7e]+$/.test(key.reveal())) {
      throw refused("the key is empty or has characters that HTTP cannot carry");
    }
    const path = `/api/v1/servers/${encodeURIComponent(server)}/zones/${zoneId(this.#zone)}`;
    const answer = await requestHttp({
      ...this.#parts,
      ...{ provider: this.provider, method, body, signal },
      url: new Secret(`${url.replace(/\/+$/, "")}${path}${query === undefined ? "" : `?${query}`}`),
      headers: {
        accept: "application/json",
        "x-api-key": key.reveal(),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      // The answer to a refusal says more than its status.
      accepts: (status) => status < 300 || status >= 400,
      mostBytes: MOST_BYTES,
    });
    if (answer.status >= 400) throw this.#refusal(answer);
    return answer;
  }

  #refusal(answer: HttpAnswer): PublishError {
    const { status, text } = answer;
    const now = this.#parts.clock.date();
    const words = answerWords(memberOf(parseAnswer(text), "error"), [this.#options.key]);
    const detail = status === 401 ? "the API key is not the server's" : words ?? hintAt(status);
    return statusError(this.provider, answer, { detail, now });
  }
}

/** Where the server has no words of its own. */
function hintAt(status: number): string | undefined {
  return status === 404 ? "there is no such server id, zone or API" : undefined;
}

/** The name as the API's id of a zone: with its final dot, what is neither letter, digit, dot nor hyphen as `=XX`. */
function zoneId(zone: string): string {
  const hex = (character: string): string => `=${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return `${zone.replace(/[^a-z0-9.-]/g, hex)}.`;
}

function readable({ set, isUnreadable }: Found): RecordSet {
  if (!isUnreadable) return set;
  throw refused(`${set.name} has a ${set.type} record that cannot be read`);
}

function refused(reason: string): PublishError {
  return new PublishError("powerdns", reason, { isPermanent: true });
}
