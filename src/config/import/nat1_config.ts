import { errorMessage } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import type { WebhookStyle } from "../../publish/options.ts";

/** What is forwarded or shared; decides over transport, probe and SRV prefix. */
export type Nat1Type = "mcje" | "mcbe" | "web" | "tcp" | "udp";

/** What each {@linkcode Nat1Type} stands for. */
export const NAT1_TYPES: Readonly<
  Record<Nat1Type, { readonly protocol: "tcp" | "udp"; readonly srvPrefix: string }>
> = {
  mcje: { protocol: "tcp", srvPrefix: "_minecraft._tcp." },
  mcbe: { protocol: "udp", srvPrefix: "_minecraft._udp." },
  web: { protocol: "tcp", srvPrefix: "_web._tcp." },
  tcp: { protocol: "tcp", srvPrefix: "_tcp." },
  udp: { protocol: "udp", srvPrefix: "_udp." },
};

/** The type of this name. */
export function nat1TypeOf(text: string): Nat1Type | undefined {
  return isType(text) ? text : undefined;
}

function isType(text: string): text is Nat1Type {
  return Object.hasOwn(NAT1_TYPES, text);
}

/** Providers of DNS that nat1_traversal knows, but for `no_dns` and `webhook`. */
export const NAT1_DNS_PROVIDERS: readonly string[] = [
  "cloudflare",
  "dynv6",
  "tencentcloud",
  "alidns",
  "edgeone",
  "edgeone_intl",
  "aliesa",
];

/** nat1_traversal's config.json with its defaults filled in; texts are as written, not looked at yet. */
export interface Nat1Config {
  readonly type: string;
  readonly dns: string;
  /** User or key at the provider; the URL of the web hook. */
  readonly id: Secret | undefined;
  readonly token: Secret | undefined;
  readonly domain: string;
  readonly subDomain: string;
  readonly local: string | undefined;
  readonly remote: string | undefined;
  readonly proxyProtocol: string | undefined;
  /** Ours: `webhook_style`. */
  readonly webhookStyle: Exclude<WebhookStyle, "json">;
}

/** What came of a config.json. */
export type Nat1ConfigReading =
  | {
    readonly kind: "config";
    readonly config: Nat1Config;
    /** The text with the keys that it lacked, where it lacked any: to be written back. */
    readonly completed: string | undefined;
    /** Keys that neither nat1_traversal nor we know, in their order. */
    readonly unknownKeys: readonly string[];
  }
  /** Why it is none, on one line; shows no value of it. */
  | { readonly kind: "fault"; readonly message: string };

/** The keys, in the order in which nat1_traversal writes them. */
const DEFAULTS: Readonly<Record<string, string | null>> = {
  type: "mcje",
  dns: "no_dns",
  id: null,
  token: null,
  domain: "",
  sub_domain: "",
  local: null,
  remote: null,
  proxy_protocol: null,
};

const OUR_KEY = "webhook_style";
const BOM = "\uFEFF";

/** The file that nat1_traversal writes where there is none. */
export const NAT1_DEFAULT_CONFIG: string = write(DEFAULTS);

/**
 * Reads nat1_traversal's config.json, with or without a byte order mark. Keys that are missing get their defaults,
 * unknown ones survive. Total: any text gives a configuration or the reason why not.
 */
export function readNat1Config(text: string): Nat1ConfigReading {
  const isMarked = text.startsWith(BOM);
  let parsed: unknown;
  try {
    parsed = JSON.parse(isMarked ? text.slice(1) : text);
  } catch (error) {
    return fault(whereOf(error));
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return fault("not a JSON object");
  }
  const merged: Readonly<Record<string, unknown>> = { ...DEFAULTS, ...parsed };
  const values = new Map<string, string | undefined>();
  for (const key of [...Object.keys(DEFAULTS), OUR_KEY]) {
    const value = merged[key] ?? undefined;
    const isText = typeof value === "string" || typeof value === "number";
    if (value !== undefined && !isText) return fault(`"${key}" is not a text`);
    values.set(key, value === undefined ? undefined : String(value));
  }
  const webhookStyle = values.get(OUR_KEY) ?? "nat1";
  if (webhookStyle !== "nat1" && webhookStyle !== "nat1-records") {
    return fault(`"${OUR_KEY}" is neither "nat1" nor "nat1-records"`);
  }
  const isComplete = Object.keys(DEFAULTS).every((key) => Object.hasOwn(parsed, key));
  const known = [...Object.keys(DEFAULTS), OUR_KEY];
  return {
    kind: "config",
    config: { ...configOf(values), webhookStyle },
    completed: isComplete ? undefined : `${isMarked ? BOM : ""}${write(merged)}`,
    unknownKeys: Object.keys(parsed).filter((key) => !known.includes(key)),
  };
}

function configOf(values: ReadonlyMap<string, string | undefined>): Omit<Nat1Config, "webhookStyle"> {
  const secretOf = (text: string | undefined): Secret | undefined => text ? new Secret(text) : undefined;
  return {
    type: values.get("type") ?? "",
    dns: values.get("dns") ?? "",
    id: secretOf(values.get("id")),
    token: secretOf(values.get("token")),
    domain: values.get("domain") ?? "",
    subDomain: values.get("sub_domain") ?? "",
    local: values.get("local"),
    remote: values.get("remote"),
    proxyProtocol: values.get("proxy_protocol"),
  };
}

function write(values: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(values, undefined, 4);
}

/** Only the place: the parser quotes what stands there, which may be the token. */
function whereOf(error: unknown): string {
  const place = /\(line \d+ column \d+\)/.exec(errorMessage(error));
  return place === null ? "not JSON" : `not JSON ${place[0]}`;
}

function fault(message: string): Nat1ConfigReading {
  return { kind: "fault", message };
}
