import type { SinkConfig, WebhookConfig } from "../../config/publish/sink_config.ts";
import type { PublisherOptions, WebhookOptions } from "../../publish/options.ts";
import { isWebAddress, type PlanPublishOptions, secretAt } from "./publish_planning.ts";

/** Plans one entry; `undefined` if it is refused. */
export function planSink(entry: SinkConfig, options: PlanPublishOptions): PublisherOptions | undefined {
  switch (entry.provider) {
    case "webhook":
      return planWebhook(entry, options);
    default:
      return undefined;
  }
}

function planWebhook(entry: WebhookConfig, options: PlanPublishOptions): WebhookOptions | undefined {
  const { protocol, path, refusals } = options;
  const { provider, style = "json", domain = "", subDomain = "", srvPrefix = `_${protocol}.` } = entry;
  const url = secretAt([...path, "url"], entry.url, options);
  const token = entry.token === undefined ? undefined : secretAt([...path, "token"], entry.token, options);
  if (url !== undefined && !isWebAddress(url.reveal())) {
    refusals.refuse([...path, "url"], "expected an address that starts with http:// or https://");
  }
  if (style !== "json" && domain === "") {
    refusals.refuse(
      entry.domain === undefined ? path : [...path, "domain"],
      `style ${style} needs a domain`,
    );
  }
  return url === undefined ? undefined : { provider, url, token, style, domain, subDomain, srvPrefix };
}
