import type { ServerConfig } from "../../config/publish/server_config.ts";
import type { PublisherOptions } from "../../publish/options.ts";
import type { PlanPublishOptions } from "./publish_planning.ts";

/** Plans one entry; `undefined` if it is refused. */
export function planServer(_entry: ServerConfig, _options: PlanPublishOptions): PublisherOptions | undefined {
  return undefined;
}
