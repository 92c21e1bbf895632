import type { Endpoint } from "../core/endpoint.ts";

/** How frp's `nathole` sees a NAT. */
export interface FrpClass {
  /** `EasyNAT` if all servers saw the same. */
  readonly natType: "EasyNAT" | "HardNAT";
  /** What changes from server to server. */
  readonly behavior: "BehaviorNoChange" | "BehaviorIPChanged" | "BehaviorPortChanged" | "BehaviorBothChanged";
  /** Largest minus smallest port, where only ports change; else 0. */
  readonly difference: number;
  /** Whether the difference is 1 to 5. */
  readonly isRegular: boolean;
}

/** Beyond this frp does not guess. */
export const REGULAR_DIFFERENCE_MAX = 5;

/**
 * Classifies what servers saw of one socket as frp does. Pure.
 *
 * @returns `undefined` for fewer than two endpoints.
 */
export function frpClassOf(seen: readonly Endpoint[]): FrpClass | undefined {
  const [first] = seen;
  if (first === undefined || seen.length < 2) return undefined;
  const ports = seen.map(({ port }) => port);
  const spread = Math.max(...ports) - Math.min(...ports);
  const hasOtherAddress = seen.some(({ address }) => address !== first.address);
  if (hasOtherAddress) {
    const behavior = spread === 0 ? "BehaviorIPChanged" : "BehaviorBothChanged";
    return { natType: "HardNAT", behavior, difference: 0, isRegular: false };
  }
  if (spread === 0) {
    return { natType: "EasyNAT", behavior: "BehaviorNoChange", difference: 0, isRegular: false };
  }
  const isRegular = spread <= REGULAR_DIFFERENCE_MAX;
  return { natType: "HardNAT", behavior: "BehaviorPortChanged", difference: spread, isRegular };
}
