import type { RecordData, RecordType } from "../../dns/record_data.ts";
import { formatRecordData, parseRecordData } from "../../dns/record_text.ts";
import { memberOf } from "../answer_words.ts";

/** A record to write. */
export interface CloudflareRecord {
  /** Canonical owner name, whole. */
  readonly name: string;
  /** 1 is automatic. */
  readonly ttlSeconds: number;
  /** Says the type. */
  readonly data: RecordData;
  /** Addresses only: through Cloudflare's proxy. */
  readonly isProxied: boolean;
}

/**
 * The body that makes a record so (compat.md 6). TXT goes in quotes; SRV, HTTPS and SVCB have their parts in `data`, as
 * the API wants it since June 2024. Pure.
 */
export function formatRecordBody({ name, ttlSeconds, data, isProxied }: CloudflareRecord): unknown {
  const common = { type: data.type, name, ttl: ttlSeconds };
  switch (data.type) {
    case "A":
    case "AAAA":
      // A TTL of its own is refused there.
      return { ...common, ttl: isProxied ? 1 : ttlSeconds, content: data.address, proxied: isProxied };
    case "TXT":
      return { ...common, content: formatRecordData(data) };
    case "SRV": {
      const { priority, weight, port, target } = data;
      return { ...common, data: { priority, weight, port, target } };
    }
    case "HTTPS":
    case "SVCB": {
      const [, , ...params] = formatRecordData(data).split(" ");
      return { ...common, data: { priority: data.priority, target: data.target, value: params.join(" ") } };
    }
  }
}

/** The data of a record as the API lists it; `undefined` if it cannot be read. Total. */
export function parseRecordBody(type: RecordType, record: unknown): RecordData | undefined {
  const data = memberOf(record, "data");
  const parts = PARTS[type]?.map((part) => memberOf(data, part));
  if (parts?.every((part) => typeof part === "string" || typeof part === "number")) {
    return parseRecordData(type, parts.join(" "));
  }
  const content = memberOf(record, "content");
  return typeof content === "string" ? parseRecordData(type, content) : undefined;
}

/** Members of `data`, in the order of the presentation form. */
const PARTS: Readonly<Partial<Record<RecordType, readonly string[]>>> = {
  SRV: ["priority", "weight", "port", "target"],
  HTTPS: ["priority", "target", "value"],
  SVCB: ["priority", "target", "value"],
};
