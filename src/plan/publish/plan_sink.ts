import { resolve } from "node:path";
import type {
  Dyndns2Config,
  FileConfig,
  SinkConfig,
  TorrentConfig,
} from "../../config/publish/sink_config.ts";
import type { Secret } from "../../core/secret.ts";
import type {
  Dyndns2Options,
  FileOptions,
  PublisherOptions,
  QbittorrentOptions,
  TransmissionOptions,
} from "../../publish/options.ts";
import { fillTemplate } from "../../publish/template.ts";
import { planMessage } from "./plan_message.ts";
import { planRecords } from "./plan_records.ts";
import { planWebhook } from "./plan_webhook.ts";
import { isWebAddress, nameAt, type PlanPublishOptions, secretAt } from "./publish_planning.ts";

/** Plans one entry; `undefined` if it is refused. */
export function planSink(entry: SinkConfig, options: PlanPublishOptions): PublisherOptions | undefined {
  switch (entry.provider) {
    case "webhook":
      return planWebhook(entry, options);
    case "dyndns2":
      return planDyndns2(entry, options);
    case "file":
      return planFile(entry, options);
    case "qbittorrent":
    case "transmission":
      return planTorrent(entry, options);
    default:
      return planMessage(entry, options);
  }
}

function planDyndns2(entry: Dyndns2Config, options: PlanPublishOptions): Dyndns2Options | undefined {
  const { path, refusals } = options;
  const url = secretAt([...path, "url"], entry.url, options);
  const account = planAccount(entry, options);
  const hosts = entry.hosts.map((host, i) => nameAt([...path, "hosts", i], host, options));
  if (url === undefined) return undefined;
  // Both in a place where they may be, so that what is around them is looked at.
  if (!isWebAddress(fillTemplate(url.reveal(), { hosts: "a.example", ip: "192.0.2.1" }))) {
    refusals.refuse([...path, "url"], "expected an address that starts with http:// or https://");
  }
  return {
    provider: entry.provider,
    url,
    ...account,
    hosts: hosts.filter((host) => host !== undefined),
  };
}

function planFile(entry: FileConfig, options: PlanPublishOptions): FileOptions | undefined {
  const { path, baseDirectory } = options;
  const { provider, format = "zone" } = entry;
  const zone = entry.zone === undefined ? undefined : nameAt([...path, "zone"], entry.zone, options);
  if (entry.zone !== undefined && zone === undefined) return undefined;
  const records = planRecords(entry.records, { ...options, zone });
  return { provider, path: resolve(baseDirectory, entry.path), format, zone, records };
}

function planTorrent(
  entry: TorrentConfig,
  options: PlanPublishOptions,
): QbittorrentOptions | TransmissionOptions {
  const { path, refusals } = options;
  const { url } = entry;
  const parsed = URL.parse(url);
  if (!isWebAddress(url) || /[?#]/.test(url)) {
    refusals.refuse([...path, "url"], "expected an http or https address without ? and #");
  } else if (parsed !== null && `${parsed.username}${parsed.password}` !== "") {
    refusals.refuse([...path, "url"], "user and password are keys of their own");
  }
  const account = planAccount(entry, options);
  return entry.provider === "transmission"
    ? { provider: entry.provider, url, ...account }
    : { provider: entry.provider, url, ...account, port: entry.port ?? "listen" };
}

/** A user and a password, or neither. */
function planAccount(
  { provider, user, password }: {
    readonly provider: string;
    readonly user?: string | undefined;
    readonly password?: string | undefined;
  },
  options: PlanPublishOptions,
): { readonly user: string | undefined; readonly password: Secret | undefined } {
  const { path, refusals } = options;
  const secret = password === undefined ? undefined : secretAt([...path, "password"], password, options);
  if ((user === undefined) !== (password === undefined)) {
    const key = user === undefined ? "password" : "user";
    refusals.refuse([...path, key], "user and password belong together");
  }
  // Basic authentication ends the user there (RFC 7617, section 2).
  if (provider !== "qbittorrent" && user?.includes(":")) {
    refusals.refuse([...path, "user"], "a colon cannot be in it");
  }
  return { user, password: secret };
}
