import { PortholeError } from "../core/errors.ts";
import type { GatewayWay } from "../core/mapping.ts";
import { describeWay } from "./settings.ts";

/**
 * What went wrong between us and a router: there is none to ask, it does not answer, says no, has given the port to
 * somebody else, or says what nobody can make sense of.
 */
export type GatewayFault = "no-router" | "silent" | "refused" | "conflict" | "malformed";

/** What is known of a fault. */
export interface GatewayErrorOptions extends ErrorOptions {
  readonly fault: GatewayFault;
  /** Address of the router; absent if none is known. */
  readonly router?: string | undefined;
  /** The protocol it was asked by. */
  readonly way?: GatewayWay | undefined;
  /** The router asks not to be asked again before, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The answer is one that a router gives too that has no public address itself. @default {false} */
  readonly isVague?: boolean | undefined;
}

/** A router did not do what it was asked for. */
export class GatewayError extends PortholeError {
  /** Name of the class. */
  override readonly name = "GatewayError";
  /** For programs. */
  override readonly code = "gateway";
  /** What kind of trouble it is. */
  readonly fault: GatewayFault;
  /** What was said, without who was asked. */
  readonly reason: string;
  /** Address of the router; `undefined` if none is known. */
  readonly router: string | undefined;
  /** The protocol it was asked by. */
  readonly way: GatewayWay | undefined;
  /** The router asks not to be asked again before, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The answer is one that a router gives too that has no public address itself. */
  readonly isVague: boolean;

  /** `reason` may hold what the router said, already made harmless. */
  constructor(reason: string, options: GatewayErrorOptions) {
    const { fault, router, way, retryAfterMs, isVague = false } = options;
    const by = way === undefined ? "" : ` by ${describeWay(way)}`;
    super(`Cannot ask ${router === undefined ? "a router" : `router ${router}`}${by}: ${reason}`, options);
    this.fault = fault;
    this.reason = reason;
    this.router = router;
    this.way = way;
    this.retryAfterMs = retryAfterMs;
    this.isVague = isVague;
  }
}

/** The fault of two that tells the user more: one that answered goes before one that was silent. */
export function moreTelling(a: GatewayError | undefined, b: GatewayError): GatewayError {
  const order: readonly GatewayFault[] = ["silent", "no-router", "malformed", "refused", "conflict"];
  return a === undefined || order.indexOf(b.fault) > order.indexOf(a.fault) ? b : a;
}
