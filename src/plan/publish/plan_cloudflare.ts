import type { CloudflareConfig, RedirectConfig } from "../../config/publish/cloudflare_config.ts";
import type { ConfigPath } from "../../config/config_fault.ts";
import type { CloudflareOptions, RedirectPlan } from "../../publish/options.ts";
import { nameInZone, planRecords, type PlanRecordsOptions } from "./plan_records.ts";
import { nameAt, nameBelow, type PlanPublishOptions, secretAt } from "./publish_planning.ts";

/** Cloudflare's own. */
const API = "https://api.cloudflare.com/client/v4";

/**
 * Plans one entry; `undefined` if it is refused. Rules need a TCP tunnel, because browsers ask over TCP; an entry that
 * does nothing is refused.
 */
export function planCloudflare(
  entry: CloudflareConfig,
  options: PlanPublishOptions,
): CloudflareOptions | undefined {
  const { path, refusals, protocol } = options;
  const account = accountOf(entry, options);
  const zone = entry.zone === undefined ? undefined : nameAt([...path, "zone"], entry.zone, options);
  // Without the zone that was meant, every name would be refused as well.
  if (entry.zone !== undefined && zone === undefined) return undefined;
  const inZone: PlanRecordsOptions = { ...options, zone, hasProxy: true };
  const records = planRecords(entry.records, inZone);
  const { redirect = [], origin = [] } = entry;
  for (const [key, rules] of [["redirect", redirect], ["origin", origin]] as const) {
    if (rules.length > 0 && protocol === "udp") {
      refusals.refuse([...path, key], "rules are for web sites over TCP, but the tunnel is UDP");
    }
  }
  const redirects = redirect.flatMap((one, i) => planRedirect(one, [...path, "redirect", i], inZone) ?? []);
  const origins = origin.flatMap((host, i) => siteAt([...path, "origin", i], host, inZone) ?? []);
  if ((entry.records ?? []).length + redirect.length + origin.length === 0) {
    refusals.refuse(path, "nothing to publish: expected records, redirect or origin");
  }
  if (account === undefined) return undefined;
  const api = (entry.api ?? API).replace(/\/+$/, "");
  return { provider: "cloudflare", account, zone, records, redirects, origins: [...new Set(origins)], api };
}

function accountOf(
  { token, email, key }: CloudflareConfig,
  options: PlanPublishOptions,
): CloudflareOptions["account"] | undefined {
  const { path, refusals } = options;
  if (token !== undefined && (email !== undefined || key !== undefined)) {
    refusals.refuse(path, "expected token, or email and key, not both");
    return undefined;
  }
  if (token !== undefined) {
    const secret = secretAt([...path, "token"], token, options);
    return secret && { kind: "token", token: secret };
  }
  if (email === undefined || key === undefined) {
    const missing = email === key ? "expected token, or email and key" : "expected both email and key";
    refusals.refuse(path, missing);
    return undefined;
  }
  const secret = secretAt([...path, "key"], key, options);
  return secret && { kind: "key", email, key: secret };
}

function planRedirect(
  redirect: RedirectConfig,
  path: ConfigPath,
  options: PlanRecordsOptions,
): RedirectPlan | undefined {
  const { refusals, zone } = options;
  const { scheme = "http", status = 302 } = redirect;
  const host = siteAt([...path, "host"], redirect.host, options);
  const to = nameBelow([...path, "to"], redirect.to, { zone, refusals });
  if (to?.startsWith("*.")) refusals.refuse([...path, "to"], "expected a name without *");
  if (host !== undefined && host === to) {
    refusals.refuse([...path, "to"], "expected another name than host, which is Cloudflare's own server");
  }
  return host === undefined || to === undefined ? undefined : { host, to, scheme, status };
}

/** A host that rules compare with; a star would never be equal. */
function siteAt(path: ConfigPath, text: string, options: PlanRecordsOptions): string | undefined {
  const host = nameInZone(path, text, options);
  if (!host?.startsWith("*.")) return host;
  options.refusals.refuse(path, "expected a name without *");
  return undefined;
}
