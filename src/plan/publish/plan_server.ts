import {
  parseNameServer,
  type PowerdnsConfig,
  type Rfc2136Config,
  type ServerConfig,
} from "../../config/publish/server_config.ts";
import type { Secret } from "../../core/secret.ts";
import type {
  PowerdnsOptions,
  PublisherOptions,
  RecordsOptions,
  Rfc2136Options,
} from "../../publish/options.ts";
import { planRecords } from "./plan_records.ts";
import { nameAt, type PlanPublishOptions, secretAt } from "./publish_planning.ts";

/** Plans one entry; `undefined` if it is refused. */
export function planServer(entry: ServerConfig, options: PlanPublishOptions): PublisherOptions | undefined {
  return entry.provider === "rfc2136" ? planRfc2136(entry, options) : planPowerdns(entry, options);
}

function planRfc2136(entry: Rfc2136Config, options: PlanPublishOptions): Rfc2136Options | undefined {
  const { provider, transport = "auto" } = entry;
  const server = parseNameServer(entry.server);
  const tsig = planTsig(entry, options);
  const zoned = planZone(entry, options);
  return tsig === "refused" || zoned === undefined
    ? undefined
    : { provider, server, transport, tsig, ...zoned };
}

function planTsig(
  { key, secret: text, algorithm }: Rfc2136Config,
  options: PlanPublishOptions,
): Rfc2136Options["tsig"] | "refused" {
  const { path, refusals } = options;
  if (key === undefined || text === undefined) {
    if (key === undefined && text === undefined && algorithm === undefined) return undefined;
    refusals.refuse(
      path,
      "key and secret belong together: the name of the TSIG key, and its secret in base64",
    );
    return "refused";
  }
  const name = nameAt([...path, "key"], key, options);
  const secret = secretAt([...path, "secret"], text, options);
  if (secret !== undefined && !isBase64(secret)) {
    refusals.refuse([...path, "secret"], "expected the secret of the TSIG key in base64");
    return "refused";
  }
  return name === undefined || secret === undefined
    ? "refused"
    : { name, secret, algorithm: algorithm ?? "hmac-sha256" };
}

function planPowerdns(entry: PowerdnsConfig, options: PlanPublishOptions): PowerdnsOptions | undefined {
  const { provider, url, server = "localhost" } = entry;
  const key = secretAt([...options.path, "key"], entry.key, options);
  const zoned = planZone(entry, options);
  return key === undefined || zoned === undefined ? undefined : { provider, url, key, server, ...zoned };
}

/** Nothing can be said about records of a zone that is none. */
function planZone(
  entry: Pick<ServerConfig, "zone" | "records">,
  options: PlanPublishOptions,
): RecordsOptions | undefined {
  const zone = nameAt([...options.path, "zone"], entry.zone, options);
  return zone === undefined ? undefined : { zone, records: planRecords(entry.records, { ...options, zone }) };
}

/** Whether it has at least one byte. */
function isBase64(secret: Secret): boolean {
  try {
    return Uint8Array.fromBase64(secret.reveal()).length > 0;
  } catch {
    // Its words would quote the secret.
    return false;
  }
}
