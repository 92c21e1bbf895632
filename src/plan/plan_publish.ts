import type { PublishConfig } from "../config/config.ts";
import type { ConfigPath } from "../config/config_fault.ts";
import type { PublisherOptions } from "../publish/options.ts";
import { planCloudflare } from "./publish/plan_cloudflare.ts";
import { planServer } from "./publish/plan_server.ts";
import { planSigned } from "./publish/plan_signed.ts";
import { planSink } from "./publish/plan_sink.ts";
import type { PlanPublishOptions } from "./publish/publish_planning.ts";
import type { PlacedPublisher } from "./publish/refuse_shared_records.ts";

/** Publishers with their secrets and every default filled in; those that are refused are left out. */
export function planPublish(
  publish: readonly PublishConfig[] | undefined,
  options: Omit<PlanPublishOptions, "path"> & { readonly path: ConfigPath },
): readonly PlacedPublisher[] {
  return (publish ?? []).flatMap((entry, i) => {
    const path = [...options.path, i];
    const planned = planOne(entry, { ...options, path });
    return planned === undefined ? [] : [{ options: planned, path }];
  });
}

function planOne(entry: PublishConfig, options: PlanPublishOptions): PublisherOptions | undefined {
  switch (entry.provider) {
    case "cloudflare":
      return planCloudflare(entry, options);
    case "dynv6":
    case "tencentcloud":
    case "alidns":
    case "edgeone":
    case "edgeone_intl":
    case "aliesa":
      return planSigned(entry, options);
    case "rfc2136":
    case "powerdns":
      return planServer(entry, options);
    default:
      return planSink(entry, options);
  }
}
