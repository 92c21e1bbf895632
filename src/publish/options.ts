import type { HostPort } from "../core/endpoint.ts";
import type { Secret } from "../core/secret.ts";

/** Fields of every publisher that keeps DNS records. */
export interface RecordsOptions {
  /** Canonical; `undefined` where the provider finds it by the names (only some can). */
  readonly zone: string | undefined;
  /** In the order they are written. */
  readonly records: readonly RecordPlan[];
}

/** One record to keep; `name` is the whole owner name, canonical, service labels included. */
export type RecordPlan =
  | {
    /** The external address; an A record of an IPv6 mapping is left out, and told once. */
    readonly type: "A";
    readonly name: string;
    readonly ttlSeconds: number;
    /** Cloudflare only: through its proxy. */
    readonly proxied?: boolean | undefined;
  }
  /** Of an IPv4 mapping: its endpoint as IP4P; of an IPv6 one: its address. */
  | { readonly type: "AAAA"; readonly name: string; readonly ttlSeconds: number }
  | {
    readonly type: "SRV";
    readonly name: string;
    readonly ttlSeconds: number;
    readonly priority: number;
    readonly weight: number;
    /** Canonical. */
    readonly target: string;
  }
  | {
    readonly type: "TXT";
    readonly name: string;
    readonly ttlSeconds: number;
    /** `pot`: merged into the record ("port over TXT"); `template`: the whole text, placeholders in it. */
    readonly content:
      | { readonly kind: "pot"; readonly key: string }
      | { readonly kind: "template"; readonly template: string };
  }
  | {
    readonly type: "HTTPS" | "SVCB";
    readonly name: string;
    readonly ttlSeconds: number;
    readonly priority: number;
    /** Canonical, or `.`. */
    readonly target: string;
    readonly alpn: readonly string[];
  };

/** Sends browsers from one name to the external endpoint by a rule of the provider's. */
export interface RedirectPlan {
  /** Canonical: what browsers ask for. */
  readonly host: string;
  /** Canonical: the name (its A record leads to the external address) in the new URL. */
  readonly to: string;
  /** Of the new URL. */
  readonly scheme: "http" | "https";
  /** Of the redirect. */
  readonly status: 301 | 302 | 307 | 308;
}

/** `cloudflare`: records, redirect rules and origin rules. */
export interface CloudflareOptions extends RecordsOptions {
  /** Which kind of publisher. */
  readonly provider: "cloudflare";
  /** A token, or a mail address with the global key. */
  readonly account:
    | { readonly kind: "token"; readonly token: Secret }
    | { readonly kind: "key"; readonly email: string; readonly key: Secret };
  /** Redirect rules. */
  readonly redirects: readonly RedirectPlan[];
  /** Canonical hosts whose origin port becomes the external one. */
  readonly origins: readonly string[];
  /** Base URL. */
  readonly api: string;
}

/** `dynv6`. */
export interface Dynv6Options extends RecordsOptions {
  /** Which kind of publisher. */
  readonly provider: "dynv6";
  /** Secret that the provider gave. */
  readonly token: Secret;
  /** Base URL of the API. */
  readonly api: string;
}

/** `tencentcloud` (DNSPod) and `alidns`: signed requests. */
export interface SignedDnsOptions extends RecordsOptions {
  /** Which kind of publisher. */
  readonly provider: "tencentcloud" | "alidns";
  /** SecretId, or AccessKey id. */
  readonly id: Secret;
  /** SecretKey, or AccessKey secret. */
  readonly key: Secret;
  /** Base URL of the API. */
  readonly api: string;
}

/** `edgeone`, `edgeone_intl`, `aliesa`: the origin of a site at a content delivery network; TCP only. */
export interface OriginOptions {
  /** Which kind of publisher. */
  readonly provider: "edgeone" | "edgeone_intl" | "aliesa";
  /** SecretId, or AccessKey id. */
  readonly id: Secret;
  /** Secret key that belongs to it. */
  readonly key: Secret;
  /** Canonical. */
  readonly zone: string;
  /** Canonical: the site whose origin it is; has to exist there. */
  readonly host: string;
  /** Name of the origin rule, for aliesa. */
  readonly rule: string;
  /** Base URL of the API. */
  readonly api: string;
}

/** `rfc2136`: DNS UPDATE with TSIG (RFC 2136, 8945). */
export interface Rfc2136Options extends RecordsOptions {
  /** Which kind of publisher. */
  readonly provider: "rfc2136";
  /** Of the name server. */
  readonly server: HostPort;
  /** `auto`: UDP, and TCP where a message is too long or an answer truncated. */
  readonly transport: "auto" | "udp" | "tcp";
  /** Signs every message; absent: unsigned. */
  readonly tsig:
    | {
      /** Canonical. */
      readonly name: string;
      /** Base64. */
      readonly secret: Secret;
      readonly algorithm: "hmac-sha256" | "hmac-sha384" | "hmac-sha512" | "hmac-sha1";
    }
    | undefined;
}

/** `powerdns`: the HTTP API of PowerDNS Authoritative. */
export interface PowerdnsOptions extends RecordsOptions {
  /** Which kind of publisher. */
  readonly provider: "powerdns";
  /** As in `http://127.0.0.1:8081`. */
  readonly url: string;
  /** Secret key that belongs to it. */
  readonly key: Secret;
  /** Server id, `localhost` as a rule. */
  readonly server: string;
}

/** `dyndns2`: the URL protocol of many hosters; addresses only. */
export interface Dyndns2Options {
  /** Which kind of publisher. */
  readonly provider: "dyndns2";
  /** As in `https://members.dyndns.org/nic/update`, or with `{hosts}` and `{ip}` in it. */
  readonly url: Secret;
  /** For signing in, where it wants that. */
  readonly user: string | undefined;
  /** With `user`. */
  readonly password: Secret | undefined;
  /** Canonical. */
  readonly hosts: readonly string[];
}

/** `file`: a zone fragment (RFC 1035, section 5) or JSON with the record sets. */
export interface FileOptions extends RecordsOptions {
  /** Which kind of publisher. */
  readonly provider: "file";
  /** Absolute. */
  readonly path: string;
  /** How it is written. */
  readonly format: "zone" | "json";
}

/** `qbittorrent`: its listening port becomes the external one. */
export interface QbittorrentOptions {
  /** Which kind of publisher. */
  readonly provider: "qbittorrent";
  /** Where it listens, as in `http://127.0.0.1:8080`. */
  readonly url: string;
  /** For signing in, where it wants that. */
  readonly user: string | undefined;
  /** With `user`. */
  readonly password: Secret | undefined;
  /** `listen`: the port it listens on; `announce`: only what it tells trackers (5.1 and later). */
  readonly port: "listen" | "announce";
}

/** `transmission`: its peer port becomes the external one. */
export interface TransmissionOptions {
  /** Which kind of publisher. */
  readonly provider: "transmission";
  /** Where it listens, as in `http://127.0.0.1:8080`. */
  readonly url: string;
  /** For signing in, where it wants that. */
  readonly user: string | undefined;
  /** With `user`. */
  readonly password: Secret | undefined;
}

/**
 * Bodies of the webhook.
 *
 * - `json`: one POST with the event's JSON line.
 * - `nat1`: one POST `{srv_prefix, sub_domain, domain, ip, port}`, as nat1_traversal 1.0.9.
 * - `nat1-records`: two POSTs, an A and an SRV record, as nat1_traversal before.
 * - `template`: one request as its `method`, `headers` and `body` say.
 */
export type WebhookStyle = "json" | "nat1" | "nat1-records" | "template";

/** `webhook`: an HTTP request to a URL of the user's; nothing in it needs a default any more. */
export interface WebhookOptions {
  /** Which kind of publisher. */
  readonly provider: "webhook";
  /** May hold a token, so it is never logged whole; placeholders in it with style `template`. */
  readonly url: Secret;
  /** `Authorization: Bearer …`. */
  readonly token?: Secret | undefined;
  /** What the body looks like. */
  readonly style: WebhookStyle;
  /** Zone, for the nat1 styles. */
  readonly domain: string;
  /** Labels below the zone, for the nat1 styles. */
  readonly subDomain: string;
  /** `_minecraft._tcp.`, `_web._tcp.`, …, for the nat1 styles. */
  readonly srvPrefix: string;
  /** For style `template`. @default {"POST"} */
  readonly method?: string | undefined;
  /** Further headers; values may hold tokens. */
  readonly headers?: Readonly<Record<string, Secret>> | undefined;
  /** For style `template`: placeholders are filled in, escaped as `bodyType` needs it. */
  readonly body?: Secret | undefined;
  /** How placeholders are escaped. @default {"json"} */
  readonly bodyType?: "json" | "form" | "text" | undefined;
  /** Success is a 2xx whose body holds this text. */
  readonly expect?: string | undefined;
}

/** Messages to people, over well-known services. */
export interface MessageOptions {
  /** Which kind of publisher. */
  readonly provider: "ntfy" | "gotify" | "telegram" | "bark" | "serverchan" | "pushplus";
  /** Base URL of the service, or of one's own server. */
  readonly url: string;
  /** Token, bot token, device key or send key. */
  readonly token: Secret | undefined;
  /** Topic (ntfy) or chat (telegram). */
  readonly to: string | undefined;
  /** Placeholders in it. */
  readonly title: string;
  /** Placeholders in it. */
  readonly message: string;
}

/** Publishers that keep DNS records. */
export type RecordPublisherOptions =
  | CloudflareOptions
  | Dynv6Options
  | SignedDnsOptions
  | Rfc2136Options
  | PowerdnsOptions
  | FileOptions;

/** One place where a tunnel's external endpoint is told; nothing in it needs a default any more. */
export type PublisherOptions =
  | RecordPublisherOptions
  | OriginOptions
  | Dyndns2Options
  | QbittorrentOptions
  | TransmissionOptions
  | WebhookOptions
  | MessageOptions;
