import * as v from "valibot";
import {
  described,
  either,
  option,
  plainText,
  readable,
  shown,
  someOf,
  wholeNumber,
} from "../schema_parts.ts";
import { parseIdleMs } from "../values.ts";

/** What every record of a configuration has. */
export interface RecordBase {
  /** Owner name below the zone; `@` is the zone itself. @default "@" */
  readonly name?: string | undefined;
  /** How long resolvers may keep it: `60s`, `5m`, or seconds. @default 60 */
  readonly ttl?: string | number | undefined;
}

/** Presets of `service` (compat.md 5.2), by their names in nat1_traversal. */
export type ServicePreset = "mcje" | "mcbe" | "web" | "tcp" | "udp";

/** One entry of `records`. */
export type RecordConfig =
  | RecordBase & {
    /** The external IPv4 address; left out of an IPv6 mapping. */
    readonly type: "A";
    /** Cloudflare: through its proxy. @default false */
    readonly proxied?: boolean | undefined;
  }
  | RecordBase & {
    /** Of an IPv4 mapping its endpoint as IP4P, of an IPv6 one its address. */
    readonly type: "AAAA";
  }
  | RecordBase & {
    /** Where a service is: the external port at a host (RFC 2782). */
    readonly type: "SRV";
    /** `_minecraft._tcp`, or one of {@linkcode ServicePreset}. @default the tunnel's protocol */
    readonly service?: string | undefined;
    /** Lower ones are tried first. @default 10 */
    readonly priority?: number | undefined;
    /** Share among those of one priority. @default 0 */
    readonly weight?: number | undefined;
    /** Name of the host, below the zone, or whole with a final dot. @default `name` */
    readonly target?: string | undefined;
  }
  | RecordBase & {
    /** A text; exactly one of `pot` and `text` says which. */
    readonly type: "TXT";
    /** Service in a "port over TXT" record: `ssh`, to which the protocol is added, or `ssh_tcp`. */
    readonly pot?: string | undefined;
    /** The whole text, with `{external}`, `{address}`, `{port}`, … in it. */
    readonly text?: string | undefined;
  }
  | RecordBase & {
    /** The external port with an address hint (RFC 9460). */
    readonly type: "HTTPS" | "SVCB";
    /** SvcPriority, from 1. @default 1 */
    readonly priority?: number | undefined;
    /** Name of the host; `.` is the owner name. @default "." */
    readonly target?: string | undefined;
    /** Protocols, as in `["h2", "http/1.1"]`. @default none */
    readonly alpn?: readonly string[] | undefined;
  };

const TTL = "seconds, or a time such as 60s or 5m, from 1s to 7d";
const ttl = either(wholeNumber(1, 604_800), readable(parseIdleMs, TTL), TTL);
const short = wholeNumber(0, 65_535);
const base = {
  name: option(plainText, "Owner name below the zone; @ is the zone itself. Default @."),
  ttl: option(ttl, "How long resolvers may keep it. Default 60s."),
};
const binding = {
  ...base,
  priority: option(short, "SvcPriority. Default 1."),
  target: option(plainText, "TargetName; a dot is the owner name. Default a dot."),
  alpn: option(someOf(plainText), "Protocols, as in h2. Default none."),
};

const recordSchema: v.GenericSchema<RecordConfig> = v.variant("type", [
  v.strictObject({
    type: v.literal("A"),
    ...base,
    proxied: option(v.boolean(), "Cloudflare only: through its proxy. Default false."),
  }),
  v.strictObject({ type: v.literal("AAAA"), ...base }),
  v.strictObject({
    type: v.literal("SRV"),
    ...base,
    service: option(
      plainText,
      "Service and protocol labels as in _minecraft._tcp, or mcje, mcbe, web, tcp, udp. Default the tunnel's protocol.",
    ),
    priority: option(short, "Default 10."),
    weight: option(short, "Default 0."),
    target: option(plainText, "Name of the host. Default the record's name."),
  }),
  v.strictObject({
    type: v.literal("TXT"),
    ...base,
    pot: option(plainText, "Name of the service in a port-over-TXT record, ssh or ssh_tcp for example."),
    text: option(plainText, "The whole text; {external}, {address}, {port} and others are filled in."),
  }),
  v.strictObject({ type: v.literal("HTTPS"), ...binding }),
  v.strictObject({ type: v.literal("SVCB"), ...binding }),
], ({ input }) => `expected A, AAAA, SRV, TXT, HTTPS or SVCB, not ${shown(input)}`);

/** Key `records` of every provider that keeps DNS records. */
export const recordsSchema: v.GenericSchema<RecordConfig[]> = someOf(recordSchema);

/** Key `zone`. */
export const zoneSchema: v.GenericSchema<string> = described(plainText, "The zone, as in example.com.");
/** Key `api`. */
export const apiSchema: v.GenericSchema<string> = v.pipe(
  plainText,
  v.check((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""), "expected an http or https URL"),
  v.description("Base URL, http or https."),
);
