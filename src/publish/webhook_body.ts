import type { MappingNews } from "../core/mapping.ts";
import { familyOf } from "../core/endpoint.ts";
import { eventToJson } from "../core/event_json.ts";
import type { WebhookOptions } from "./options.ts";

/** SRV values of nat1_traversal. */
const PRIORITY = 10;
const WEIGHT = 0;

/** The bodies of one publication, to be sent in this order; see {@linkcode WebhookStyle}. Pure. */
export function webhookBodies(
  news: MappingNews,
  options: Pick<WebhookOptions, "style" | "domain" | "subDomain" | "srvPrefix">,
): readonly string[] {
  const { style, domain, subDomain, srvPrefix } = options;
  const { address, port } = news.external;
  switch (style) {
    case "json":
      return [JSON.stringify(eventToJson(news))];
    case "nat1":
      return [
        JSON.stringify({ srv_prefix: srvPrefix, sub_domain: subDomain, domain, ip: address, port }),
      ];
    case "template":
      return [];
    case "nat1-records": {
      const type = familyOf(address) === 6 ? "AAAA" : "A";
      // At the top of the zone there is nothing after the prefix, not even its dot.
      const name = subDomain === "" ? srvPrefix.replace(/\.$/, "") : `${srvPrefix}${subDomain}`;
      return [
        { name: subDomain, data: address, type, domain },
        { name, data: subDomain, type: "SRV", domain, priority: PRIORITY, weight: WEIGHT, port },
      ].map((body) => JSON.stringify(body));
    }
  }
}
