import type { Protocol } from "../../src/core/mapping.ts";
import type { Lab } from "./lab.ts";
import type { NatProfile } from "./nat_ruleset.ts";
import type { Porthole, PortholeOptions } from "./porthole.ts";

/** What a case works with. The lab is its own; what it starts is ended for it. */
export interface CaseContext {
  readonly lab: Lab;
  readonly protocol: Protocol;
  /** Starts the program under test, with `protocol` filled in. */
  start(options?: Omit<PortholeOptions, "protocol">): Porthole;
  /** Waits, abortably. */
  pause(delayMs: number): Promise<void>;
}

/** What a case measured. */
export interface Measure {
  /** What the table shows; absent if time is not the point. */
  readonly seconds?: number;
  /** What the seconds are, or what was seen. */
  readonly note?: string;
}

/** One line of the table, for each of its protocols. */
export interface LabCase {
  readonly name: string;
  readonly profile: NatProfile;
  readonly protocols: readonly Protocol[];
  /** @default {60} */
  readonly lifetimeSeconds?: number;
  /** @default {false} */
  readonly hairpins?: boolean;
  /** Roughly how long it takes; the long ones are started first. @default {5} */
  readonly expectedSeconds?: number;
  /** @throws {Error} If what was seen is not right. */
  run(context: CaseContext): Promise<Measure>;
}

/** Both transports. */
export const BOTH: readonly Protocol[] = ["tcp", "udp"];
