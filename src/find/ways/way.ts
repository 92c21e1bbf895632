import type { Endpoint } from "../../core/endpoint.ts";
import type { Random } from "../../core/random.ts";
import type { FindQuestion } from "../found.ts";
import type { NameLookup } from "../name_lookup.ts";

/** What a way of finding works with. */
export interface WayContext {
  /** What is looked for. */
  readonly question: FindQuestion;
  /** The questions of this search. */
  readonly lookup: NameLookup;
  /** For draws by weight. */
  readonly random: Random;
}

/** What one way gave. */
export type WayOutcome =
  | {
    readonly kind: "found";
    /** At least one, best first. */
    readonly endpoints: readonly Endpoint[];
    /** In seconds; `undefined` where nobody said. */
    readonly ttlSeconds: number | undefined;
    /** The records that say so. */
    readonly evidence: readonly string[];
  }
  | {
    readonly kind: "nothing";
    /** For people, to follow "Cannot find …:". */
    readonly reason: string;
    /** The name says that it has no such service, so no later way counts. @default {false} */
    readonly isFinal?: boolean;
  };

/** One way of finding. @throws {DnsError} If it cannot tell. */
export type Way = (context: WayContext) => Promise<WayOutcome>;

/** Nothing was found this way. */
export function nothing(reason: string, options: { readonly isFinal?: boolean } = {}): WayOutcome {
  return { kind: "nothing", reason, ...options };
}

/** Said of a name that has nothing at all, whatever was asked. */
export const NO_SUCH_NAME = "there is no such name";
/** Said of a host without A and AAAA. */
export const NO_ADDRESS = "it has no address";
