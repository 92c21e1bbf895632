import type { CloudflareConfig } from "../../config/publish/cloudflare_config.ts";
import type { PublisherOptions } from "../../publish/options.ts";
import type { PlanPublishOptions } from "./publish_planning.ts";

/** Plans one entry; `undefined` if it is refused. */
export function planCloudflare(
  _entry: CloudflareConfig,
  _options: PlanPublishOptions,
): PublisherOptions | undefined {
  return undefined;
}
