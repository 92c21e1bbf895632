import * as v from "valibot";
import type { WebhookStyle } from "../../publish/options.ts";
import {
  choice,
  described,
  option,
  type ProviderSchema,
  providerSchema,
  secretText,
} from "../schema_parts.ts";
import type { RecordConfig } from "./record_config.ts";

/** An HTTP request to a URL of the user's. */
export interface WebhookConfig {
  /** Which kind of publisher. */
  readonly provider: "webhook";
  /** The URL itself, `env:NAME` or `file:PATH`. */
  readonly url: string;
  /** Bearer token: itself, `env:NAME` or `file:PATH`. */
  readonly token?: string | undefined;
  /** What the body looks like. @default "json"; with `body`, `method` or `bodyType` "template" */
  readonly style?: WebhookStyle | undefined;
  /** Zone, for the nat1 styles. */
  readonly domain?: string | undefined;
  /** Labels below the zone, for the nat1 styles. */
  readonly subDomain?: string | undefined;
  /** As in `_minecraft._tcp.`, for the nat1 styles. */
  readonly srvPrefix?: string | undefined;
  /** @default "POST" */
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | undefined;
  /** Further headers; values themselves, `env:NAME` or `file:PATH`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Template; itself, `env:NAME` or `file:PATH`. */
  readonly body?: string | undefined;
  /** How placeholders in it are escaped. @default "json" */
  readonly bodyType?: "json" | "form" | "text" | undefined;
  /** The answer has to hold this text. */
  readonly expect?: string | undefined;
}

/** The URL protocol of many hosters of dynamic names. */
export interface Dyndns2Config {
  readonly provider: "dyndns2";
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly hosts: readonly string[];
}

/** Records in a file. */
export interface FileConfig {
  readonly provider: "file";
  readonly path: string;
  /** @default "zone" */
  readonly format?: "zone" | "json" | undefined;
  readonly zone?: string | undefined;
  readonly records: readonly RecordConfig[];
}

/** A BitTorrent client whose port becomes the external one. */
export interface TorrentConfig {
  readonly provider: "qbittorrent" | "transmission";
  /** As in `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** qbittorrent: which port. @default "listen" */
  readonly port?: "listen" | "announce" | undefined;
}

/** A message to people. */
export interface MessageConfig {
  readonly provider: "ntfy" | "gotify" | "telegram" | "bark" | "serverchan" | "pushplus";
  /** Own server, instead of the service's. */
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  /** Topic of ntfy, chat of telegram. */
  readonly to?: string | undefined;
  readonly title?: string | undefined;
  readonly message?: string | undefined;
}

/** Providers of this file. */
export type SinkConfig = WebhookConfig | Dyndns2Config | FileConfig | TorrentConfig | MessageConfig;

const webhook = providerSchema<WebhookConfig>(v.pipe(
  v.strictObject({
    provider: v.literal("webhook"),
    url: described(secretText, "Where the POST goes, http or https."),
    token: option(secretText, "Bearer token."),
    style: option(
      choice(["json", "nat1", "nat1-records", "template"]),
      "Body: the event as JSON; nat1_traversal's one request; or its older two, A and SRV. Default json.",
    ),
    domain: option(v.string(), "Zone, for the nat1 styles."),
    subDomain: option(v.string(), "Labels below the zone, for the nat1 styles. Default none."),
    srvPrefix: option(
      v.string(),
      "Service and protocol with a final dot, for the nat1 styles. Default _tcp. or _udp. by the protocol.",
    ),
  }),
  v.title("Webhook"),
));

/** Schemas of {@linkcode SinkConfig}. */
export const sinkSchemas: readonly ProviderSchema[] = [webhook];
