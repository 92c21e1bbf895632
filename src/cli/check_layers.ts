import type { NatReport } from "../behavior/nat_report.ts";
import { scopeOf } from "../core/address_scope.ts";
import { transportsOf } from "./check_verdict.ts";

/**
 * Who translates besides the user's own router, by the address that the router has on its far side: nobody, the
 * carrier, another router in the house.
 */
export type Layers = "one" | "carrier" | "modem" | "unknown";

/** Tells the layers from what servers outside and the router itself say. Pure. */
export function layersOf(report: NatReport, { far }: { readonly far?: string | undefined }): Layers {
  if (far === undefined) return "unknown";
  const isFar = transportsOf(report).some(({ externals }) =>
    externals.some(({ address }) => address === far)
  );
  if (isFar) return "one";
  switch (scopeOf(far)) {
    case "cgn":
      return "carrier";
    case "private":
      return "modem";
    default:
      // Another public address: it may be a second uplink, or what its owner told it to say.
      return "unknown";
  }
}
