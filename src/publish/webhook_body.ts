import type { MappingNews } from "../core/mapping.ts";
import { familyOf } from "../core/endpoint.ts";
import { eventToJson } from "../core/event_json.ts";
import type { WebhookOptions } from "./options.ts";
import { escapeJson, escapeUrl, fillTemplate, templateValues } from "./template.ts";

/** How a template's body is written. */
export type BodyType = NonNullable<WebhookOptions["bodyType"]>;

/** What `content-type` says of a {@linkcode BodyType}. */
export const CONTENT_TYPES: Readonly<Record<BodyType, string>> = {
  json: "application/json",
  form: "application/x-www-form-urlencoded",
  text: "text/plain; charset=utf-8",
};

/** SRV values of nat1_traversal. */
const PRIORITY = 10;
const WEIGHT = 0;

/**
 * The bodies of one publication, to be sent in this order; see {@linkcode WebhookStyle}. `undefined` is a request
 * without a body. Pure.
 */
export function webhookBodies(
  news: MappingNews,
  options: Pick<WebhookOptions, "style" | "domain" | "subDomain" | "srvPrefix" | "body" | "bodyType">,
): readonly (string | undefined)[] {
  const { style, domain, subDomain, srvPrefix, body, bodyType } = options;
  const { address, port } = news.external;
  switch (style) {
    case "json":
      return [JSON.stringify(eventToJson(news))];
    case "nat1":
      return [
        JSON.stringify({ srv_prefix: srvPrefix, sub_domain: subDomain, domain, ip: address, port }),
      ];
    case "template":
      return [body && fillBody(body.reveal(), { bodyType, values: templateValues(news) })];
    case "nat1-records": {
      const type = familyOf(address) === 6 ? "AAAA" : "A";
      // At the top of the zone there is nothing after the prefix, not even its dot.
      const name = subDomain === "" ? srvPrefix.replace(/\.$/, "") : `${srvPrefix}${subDomain}`;
      return [
        { name: subDomain, data: address, type, domain },
        { name, data: subDomain, type: "SRV", domain, priority: PRIORITY, weight: WEIGHT, port },
      ].map((record) => JSON.stringify(record));
    }
  }
}

/** A body's template with its placeholders filled in, escaped as its type needs it. Pure. */
export function fillBody(
  template: string,
  { values, bodyType = "json" }: {
    readonly values: Readonly<Record<string, string>>;
    readonly bodyType?: BodyType | undefined;
  },
): string {
  switch (bodyType) {
    case "json":
      return fillTemplate(template, values, escapeJson);
    case "form":
      return fillTemplate(template, values, escapeUrl);
    case "text":
      return fillTemplate(template, values);
  }
}
