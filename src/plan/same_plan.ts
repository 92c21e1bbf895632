import { Secret } from "../core/secret.ts";
import type { TunnelPlan } from "./tunnel_plan.ts";

/** What two plans of one tunnel have in common: everything, all but hooks and publishers, or too little. */
export type PlanLikeness = "same" | "other-sinks" | "other";

/** Compares two plans, to tell what a reload must touch. */
export function comparePlans(a: TunnelPlan, b: TunnelPlan): PlanLikeness {
  const bare = { hooks: [], publish: [] };
  if (!isAlike({ ...a, ...bare }, { ...b, ...bare })) return "other";
  return isAlike([a.hooks, a.publish], [b.hooks, b.publish]) ? "same" : "other-sinks";
}

/** Deep equality of plain values; a key that is `undefined` is as good as absent. */
function isAlike(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (a instanceof Secret || b instanceof Secret) {
    return a instanceof Secret && b instanceof Secret && a.equals(b);
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return keys.values().every((key) => isAlike(valueOf(a, key), valueOf(b, key)));
}

function valueOf(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? Reflect.get(object, key) : undefined;
}
