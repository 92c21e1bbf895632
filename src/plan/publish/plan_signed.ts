import type { SignedConfig } from "../../config/publish/signed_config.ts";
import type { PublisherOptions } from "../../publish/options.ts";
import type { PlanPublishOptions } from "./publish_planning.ts";

/** Plans one entry; `undefined` if it is refused. */
export function planSigned(_entry: SignedConfig, _options: PlanPublishOptions): PublisherOptions | undefined {
  return undefined;
}
