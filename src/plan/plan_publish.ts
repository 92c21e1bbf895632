import type { PublishConfig } from "../config/config.ts";
import type { ConfigPath } from "../config/config_fault.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Secret } from "../core/secret.ts";
import type { PublisherOptions } from "../publish/options.ts";
import type { Refusals } from "./refusals.ts";

/** What {@linkcode planPublish} works with. */
export interface PlanPublishOptions {
  readonly protocol: Protocol;
  /** Of the list. */
  readonly path: ConfigPath;
  readonly secretOf: (text: string) => Secret | undefined;
  readonly refusals: Refusals;
}

/** Publishers with their secrets and every default filled in; those that are refused are left out. */
export function planPublish(
  publish: readonly PublishConfig[] | undefined,
  options: PlanPublishOptions,
): readonly PublisherOptions[] {
  return (publish ?? []).flatMap((entry, i) => planOne(entry, { ...options, path: [...options.path, i] }));
}

function planOne(entry: PublishConfig, options: PlanPublishOptions): readonly PublisherOptions[] {
  const { protocol, path, refusals } = options;
  const { provider, style = "json", domain = "", subDomain = "", srvPrefix = `_${protocol}.` } = entry;
  const url = secretAt([...path, "url"], entry.url, options);
  const token = entry.token === undefined ? undefined : secretAt([...path, "token"], entry.token, options);
  if (url !== undefined && !isWebAddress(url)) {
    refusals.refuse([...path, "url"], "expected an address that starts with http:// or https://");
  }
  if (style !== "json" && domain === "") {
    refusals.refuse(
      entry.domain === undefined ? path : [...path, "domain"],
      `style ${style} needs a domain`,
    );
  }
  return url === undefined ? [] : [{ provider, url, token, style, domain, subDomain, srvPrefix }];
}

/** The secret behind a text; refuses one that is not known. */
export function secretAt(
  path: ConfigPath,
  text: string,
  { secretOf, refusals }: Pick<PlanPublishOptions, "secretOf" | "refusals">,
): Secret | undefined {
  const secret = secretOf(text);
  if (secret === undefined) refusals.refuse(path, "the secret could not be read");
  return secret;
}

function isWebAddress(secret: Secret): boolean {
  const url = URL.parse(secret.reveal());
  return url?.protocol === "http:" || url?.protocol === "https:";
}
