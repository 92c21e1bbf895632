import type { Platform } from "../core/platform.ts";
import type { NatBehavior } from "../core/behavior.ts";

/** x */
export class FilteringMemory {
  constructor(_plan: unknown, _platform: Platform) {}
  look(_address: string, _signal: AbortSignal): Promise<{ filtering: NatBehavior }> {
    return Promise.resolve({ filtering: "unknown" });
  }
}
