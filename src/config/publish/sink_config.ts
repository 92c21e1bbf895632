import * as v from "valibot";
import type { WebhookStyle } from "../../publish/options.ts";
import {
  choice,
  described,
  option,
  plainText,
  type ProviderSchema,
  providerSchema,
  secretLines,
  secretText,
  someOf,
} from "../schema_parts.ts";
import { type RecordConfig, recordsSchema, zoneSchema } from "./record_config.ts";

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
  /** Of the request. @default "POST" */
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
  /** Which kind of publisher. */
  readonly provider: "dyndns2";
  /** As in `https://members.dyndns.org/nic/update`, or with `{hosts}` and `{ip}` in it. */
  readonly url: string;
  /** Of basic authentication. @default none */
  readonly user?: string | undefined;
  /** Itself, `env:NAME` or `file:PATH`. @default none */
  readonly password?: string | undefined;
  /** Whole names. */
  readonly hosts: readonly string[];
}

/** Records in a file. */
export interface FileConfig {
  /** Which kind of publisher. */
  readonly provider: "file";
  /** Relative to the folder of the configuration; made where it is missing, its folder is not. */
  readonly path: string;
  /** How it is written. @default "zone" */
  readonly format?: "zone" | "json" | undefined;
  /** Canonical. @default none: names are whole */
  readonly zone?: string | undefined;
  /** Records to keep. */
  readonly records: readonly RecordConfig[];
}

/** qBittorrent, whose port becomes the external one. */
export interface QbittorrentConfig {
  /** Which kind of publisher. */
  readonly provider: "qbittorrent";
  /** Of the web page, as in `http://127.0.0.1:8080`. */
  readonly url: string;
  /** For signing in, where it wants that. @default none, which does where it lets this host in without */
  readonly user?: string | undefined;
  /** Itself, `env:NAME` or `file:PATH`; with `user`. */
  readonly password?: string | undefined;
  /** Which port. @default "listen" */
  readonly port?: "listen" | "announce" | undefined;
}

/** Transmission, whose peer port becomes the external one. */
export interface TransmissionConfig {
  /** Which kind of publisher. */
  readonly provider: "transmission";
  /** As in `http://127.0.0.1:9091`; `/transmission/rpc` is added where there is no path. */
  readonly url: string;
  /** For signing in, where it wants that. @default none */
  readonly user?: string | undefined;
  /** Itself, `env:NAME` or `file:PATH`; with `user`. */
  readonly password?: string | undefined;
}

/** A BitTorrent client whose port becomes the external one. */
export type TorrentConfig = QbittorrentConfig | TransmissionConfig;

/** A message to people. */
export interface MessageConfig {
  /** Which service. */
  readonly provider: "ntfy" | "gotify" | "telegram" | "bark" | "serverchan" | "pushplus";
  /** Own server, instead of the service's; gotify has none. */
  readonly url?: string | undefined;
  /** Token, device key or send key; itself, `env:NAME` or `file:PATH`. ntfy can do without. */
  readonly token?: string | undefined;
  /** Topic of ntfy, chat of telegram. */
  readonly to?: string | undefined;
  /** Template. @default "porthole: {name}" */
  readonly title?: string | undefined;
  /** Template. @default "{protocol} {external}" */
  readonly message?: string | undefined;
}

/** Providers of this file. */
export type SinkConfig = WebhookConfig | Dyndns2Config | FileConfig | TorrentConfig | MessageConfig;

const webhook = providerSchema<WebhookConfig>(v.pipe(
  v.strictObject({
    provider: v.literal("webhook"),
    url: described(
      secretText,
      "Where the request goes, http or https; with style template {external} and others are filled in.",
    ),
    token: option(secretText, "Bearer token."),
    style: option(
      choice(["json", "nat1", "nat1-records", "template"]),
      "Body: the event as JSON; nat1_traversal's one request; its older two, A and SRV; or a template of one's own. Default json, template with body, method or bodyType.",
    ),
    domain: option(v.string(), "Zone, for the nat1 styles."),
    subDomain: option(v.string(), "Labels below the zone, for the nat1 styles. Default none."),
    srvPrefix: option(
      v.string(),
      "Service and protocol with a final dot, for the nat1 styles. Default _tcp. or _udp. by the protocol.",
    ),
    method: option(choice(["GET", "POST", "PUT", "PATCH"]), "For style template. Default POST."),
    headers: option(
      v.record(v.string(), secretText),
      "Further headers; with style template placeholders are filled in.",
    ),
    body: option(
      secretLines,
      "For style template, of one line or several: {external}, {address}, {port}, {ip4p}, {name}, {protocol} and others are filled in. Default none.",
    ),
    bodyType: option(choice(["json", "form", "text"]), "How what is filled in is escaped. Default json."),
    expect: option(plainText, "The answer has to hold this text."),
  }),
  v.title("Webhook"),
));

const user = option(plainText, "Default none.");
const password = option(secretText, "With user.");

const dyndns2 = providerSchema<Dyndns2Config>(v.pipe(
  v.strictObject({
    provider: v.literal("dyndns2"),
    url: described(
      secretText,
      "The hoster's update URL, as in https://members.dyndns.org/nic/update, or with {hosts} and {ip} in it.",
    ),
    user,
    password,
    hosts: described(someOf(plainText), "Whole names."),
  }),
  v.title("Dynamic DNS by URL (dyndns2)"),
));

const file = providerSchema<FileConfig>(v.pipe(
  v.strictObject({
    provider: v.literal("file"),
    path: described(plainText, "Made where it is missing; other lines in it stay as they are."),
    format: option(choice(["zone", "json"]), "A zone fragment, or JSON. Default zone."),
    zone: option(zoneSchema, "Default none: names are whole then."),
    records: described(recordsSchema, "Records to keep."),
  }),
  v.title("Records in a file"),
));

const qbittorrent = providerSchema<QbittorrentConfig>(v.pipe(
  v.strictObject({
    provider: v.literal("qbittorrent"),
    url: described(plainText, "Of the web page, as in http://127.0.0.1:8080."),
    user,
    password,
    port: option(
      choice(["listen", "announce"]),
      "The port it listens on, or only the one it tells trackers (5.1 and later). Default listen.",
    ),
  }),
  v.title("qBittorrent"),
));

const transmission = providerSchema<TransmissionConfig>(v.pipe(
  v.strictObject({
    provider: v.literal("transmission"),
    url: described(
      plainText,
      "As in http://127.0.0.1:9091; /transmission/rpc is added where there is no path.",
    ),
    user,
    password,
  }),
  v.title("Transmission"),
));

const texts = {
  title: option(v.string(), "{name}, {external} and others are filled in. Default porthole: {name}."),
  message: option(plainText, "The same. Default {protocol} {external}."),
};
const server = option(plainText, "Own server, instead of the service's.");

const KEYS = { bark: "Device key.", serverchan: "SendKey.", pushplus: "Token." } as const;
const TITLES = {
  bark: "Message by Bark",
  serverchan: "Message by ServerChan",
  pushplus: "Message by PushPlus",
} as const;

const messages = [
  providerSchema<MessageConfig>(v.pipe(
    v.strictObject({
      provider: v.literal("ntfy"),
      url: server,
      token: option(secretText, "Access token. Default none."),
      to: described(plainText, "Topic."),
      ...texts,
    }),
    v.title("Message by ntfy"),
  )),
  providerSchema<MessageConfig>(v.pipe(
    v.strictObject({
      provider: v.literal("gotify"),
      url: described(plainText, "Of the server."),
      token: described(secretText, "Token of an application."),
      ...texts,
    }),
    v.title("Message by Gotify"),
  )),
  providerSchema<MessageConfig>(v.pipe(
    v.strictObject({
      provider: v.literal("telegram"),
      url: server,
      token: described(secretText, "Token of a bot."),
      to: described(plainText, "Chat: its number, or @ and the name of a channel."),
      ...texts,
    }),
    v.title("Message by Telegram"),
  )),
  ...(["bark", "serverchan", "pushplus"] as const).map((provider) =>
    providerSchema<MessageConfig>(v.pipe(
      v.strictObject({
        provider: v.literal(provider),
        url: server,
        token: described(secretText, KEYS[provider]),
        ...texts,
      }),
      v.title(TITLES[provider]),
    ))
  ),
];

/** Schemas of {@linkcode SinkConfig}. */
export const sinkSchemas: readonly ProviderSchema[] = [
  webhook,
  dyndns2,
  file,
  qbittorrent,
  transmission,
  ...messages,
];
