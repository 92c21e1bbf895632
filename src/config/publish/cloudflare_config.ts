import * as v from "valibot";
import {
  choice,
  described,
  option,
  plainText,
  type ProviderSchema,
  providerSchema,
  secretText,
  someOf,
} from "../schema_parts.ts";
import { apiSchema, type RecordConfig, recordsSchema, zoneSchema } from "./record_config.ts";

/** One entry of `redirect`. */
export interface RedirectConfig {
  /** What browsers ask for, below the zone. */
  readonly host: string;
  /** Name in the new URL, whose A record leads to the external address. */
  readonly to: string;
  /** Of the new URL. @default "http" */
  readonly scheme?: "http" | "https" | undefined;
  /** What Cloudflare answers browsers with. @default 302 */
  readonly status?: 301 | 302 | 307 | 308 | undefined;
}

/** Cloudflare: records, redirect rules, origin rules. */
export interface CloudflareConfig {
  /** Which kind of publisher. */
  readonly provider: "cloudflare";
  /** API token; or `email` and `key`. */
  readonly token?: string | undefined;
  /** Mail address of the account, with `key`. */
  readonly email?: string | undefined;
  /** Global API key, with `email`. */
  readonly key?: string | undefined;
  /** The zone, as in `example.com`. @default found by the names, which are whole then */
  readonly zone?: string | undefined;
  /** Records to keep. */
  readonly records?: readonly RecordConfig[] | undefined;
  /** Redirect rules: from a host to the external endpoint; for TCP tunnels. */
  readonly redirect?: readonly RedirectConfig[] | undefined;
  /** Hosts below the zone whose origin port becomes the external one; for TCP tunnels. */
  readonly origin?: readonly string[] | undefined;
  /** Base URL of the API. @default "https://api.cloudflare.com/client/v4" */
  readonly api?: string | undefined;
}

const redirectSchema: v.GenericSchema<RedirectConfig> = v.strictObject({
  host: described(plainText, "What browsers ask for, below the zone."),
  to: described(plainText, "Name in the new URL, whose A record leads to the external address."),
  scheme: option(choice(["http", "https"]), "Of the new URL. Default http."),
  status: option(v.picklist([301, 302, 307, 308], "expected 301, 302, 307 or 308"), "Default 302."),
});

/** Schema of {@linkcode CloudflareConfig}. */
export const cloudflareSchema: ProviderSchema = providerSchema<CloudflareConfig>(v.pipe(
  v.strictObject({
    provider: v.literal("cloudflare"),
    token: option(secretText, "API token; or email and key."),
    email: option(plainText, "Mail address of the account, with key."),
    key: option(secretText, "Global API key, with email."),
    zone: option(zoneSchema, "Default: found by the names, which are whole then."),
    records: option(recordsSchema, "Records to keep."),
    redirect: option(someOf(redirectSchema), "Redirect rules: from a host to the external endpoint."),
    origin: option(someOf(plainText), "Hosts whose origin port becomes the external one (origin rules)."),
    api: option(apiSchema, "Instead of Cloudflare's own."),
  }),
  v.title("Cloudflare"),
));
