import { type Family, familyOf, unspecifiedAddress } from "../core/endpoint.ts";

/** What the user said about the local side of a mapping; addresses are canonical. */
export interface LocalWishes {
  /** Address before the port to bind. */
  readonly bind: string | undefined;
  /** Address given as the interface. */
  readonly via: string | undefined;
  readonly family: Family | undefined;
}

/** Local address and IP version of a mapping, or why there is none. */
export type LocalSide =
  | {
    readonly kind: "side";
    readonly family: Family;
    /** `undefined`: the one the system uses towards the internet. */
    readonly address: string | undefined;
  }
  | { readonly kind: "two-addresses"; readonly bind: string; readonly via: string }
  | { readonly kind: "other-family"; readonly address: string; readonly family: Family };

/** Joins what was said in different places; the unspecified address is none. */
export function chooseLocalSide({ bind, via, family }: LocalWishes): LocalSide {
  if (bind !== undefined && via !== undefined && bind !== via) return { kind: "two-addresses", bind, via };
  const address = bind ?? via;
  if (address === undefined) return { kind: "side", family: family ?? 4, address };
  const own = familyOf(address);
  if (family !== undefined && family !== own) return { kind: "other-family", address, family };
  return { kind: "side", family: own, address: address === unspecifiedAddress(own) ? undefined : address };
}
