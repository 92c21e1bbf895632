import type { PublishConfig } from "../config.ts";
import type { RecordConfig } from "../publish/record_config.ts";
import { NAT1_DNS_PROVIDERS, NAT1_TYPES, type Nat1Config, type Nat1Type } from "./nat1_config.ts";

/** Where nat1_traversal publishes, as an entry of ours, or why it cannot. */
export type Nat1Publishing =
  | { readonly kind: "entry"; readonly entry: PublishConfig }
  | { readonly kind: "none" }
  /** `key` of config.json, and what is wrong with it, in English. */
  | {
    readonly kind: "fault";
    readonly key: "dns" | "id" | "token" | "domain" | "type";
    readonly message: string;
  };

/** What `dns`, `id`, `token`, `domain` and `sub_domain` of a config.json ask for; secrets as they stand there. Pure. */
export function nat1Publishing(nat1: Nat1Config, type: Nat1Type): Nat1Publishing {
  const { dns, id, token, domain, subDomain, webhookStyle } = nat1;
  if (dns === "no_dns") return { kind: "none" };
  if (dns === "webhook") {
    if (id === undefined) return fault("id", "it is missing; it is the URL of the webhook");
    const { srvPrefix } = NAT1_TYPES[type];
    const common = { provider: "webhook", url: id.reveal(), token: token?.reveal() } as const;
    return entry({ ...common, style: webhookStyle, domain, subDomain, srvPrefix });
  }
  if (!NAT1_DNS_PROVIDERS.includes(dns)) {
    return fault("dns", `"${dns}" is none of nat1_traversal's providers`);
  }
  if (token === undefined) return fault("token", "it is missing");
  if (domain === "") return fault("domain", "it is missing");
  const zone = domain;
  const key = token.reveal();
  const records = recordsOf(type, subDomain);
  if (dns === "dynv6") return entry({ provider: "dynv6", token: key, zone, records });
  if (dns === "cloudflare") {
    const account = id === undefined ? { token: key } : { email: id.reveal(), key };
    return entry({ provider: "cloudflare", ...account, zone, records });
  }
  if (id === undefined) return fault("id", "it is missing");
  if (dns === "tencentcloud" || dns === "alidns") {
    return entry({ provider: dns, id: id.reveal(), key, zone, records });
  }
  if (type !== "web") return fault("type", `${dns} only serves the type web`);
  const site = { id: id.reveal(), key, zone, host: subDomain === "" ? "@" : subDomain };
  return entry(
    dns === "aliesa" ? { provider: "aliesa", ...site, rule: subDomain } : {
      provider: dns === "edgeone" ? "edgeone" : "edgeone_intl",
      ...site,
    },
  );
}

/** Address and service of one name (compat.md 5.2). */
function recordsOf(type: Nat1Type, subDomain: string): readonly RecordConfig[] {
  const name = subDomain === "" ? "@" : subDomain;
  return [{ type: "A", name }, { type: "SRV", name, service: type, priority: 10, weight: 0 }];
}

function entry(config: PublishConfig): Nat1Publishing {
  return { kind: "entry", entry: config };
}

function fault(key: Extract<Nat1Publishing, { kind: "fault" }>["key"], message: string): Nat1Publishing {
  return { kind: "fault", key, message };
}
