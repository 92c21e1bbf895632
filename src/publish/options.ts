import type { Secret } from "../core/secret.ts";

/**
 * Bodies of the webhook.
 *
 * - `json`: one POST with the event's JSON line.
 * - `nat1`: one POST `{srv_prefix, sub_domain, domain, ip, port}`, as nat1_traversal 1.0.9.
 * - `nat1-records`: two POSTs, an A and an SRV record, as nat1_traversal before.
 */
export type WebhookStyle = "json" | "nat1" | "nat1-records";

/** Where the mapping is told by HTTP POST; nothing in it needs a default any more. */
export interface WebhookOptions {
  /** Which kind of publisher. */
  readonly provider: "webhook";
  /** May hold a token, so it is never logged whole. */
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
}

/** One place where a tunnel's external endpoint is told. */
export type PublisherOptions = WebhookOptions;
