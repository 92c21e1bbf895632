import type { RecordConfig } from "../../config/publish/record_config.ts";
import type { RecordPlan } from "../../publish/options.ts";
import type { PlanPublishOptions } from "./publish_planning.ts";

/** Plans the `records` of an entry: names whole, defaults filled in. Refuses names that are none, and what contradicts itself. */
export function planRecords(
  _records: readonly RecordConfig[] | undefined,
  _options: PlanPublishOptions & { readonly zone: string | undefined },
): readonly RecordPlan[] {
  return [];
}
