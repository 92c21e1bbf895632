import type { Family } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { BindOptions } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import type { CheckStep } from "./check_options.ts";
import type { Evidence } from "./nat_report.ts";

/** What all probes of one transport share. */
export interface ProbeContext extends Pick<BindOptions, "device" | "mark"> {
  /** Network, clock and randomness. */
  readonly platform: Platform;
  /** The transport. */
  readonly protocol: Protocol;
  /** IP version. */
  readonly family: Family;
  /** The local address; every socket is bound to it. */
  readonly address: string;
  /** Takes a note of what was asked. */
  note(evidence: Omit<Evidence, "protocol">): void;
  /** Tells that a step has ended. */
  ended(step: CheckStep): void;
}
