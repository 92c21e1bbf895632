import type { Endpoint } from "../core/endpoint.ts";
import { PortholeError } from "../core/errors.ts";

/** What was seen of a NAT that shuts strangers out, or tells each of them another endpoint. */
export type UnusableCause =
  | {
    readonly kind: "address-dependent-mapping";
    /** Two reflexive endpoints of one internal endpoint. */
    readonly seen: readonly [Endpoint, Endpoint];
  }
  | {
    readonly kind: "filtering";
    /** RFC 4787 name of the filtering behaviour. */
    readonly behavior: string;
  };

/** This NAT cannot hold a public port open. */
export class UnusableNatError extends PortholeError {
  /** Name of the class. */
  override readonly name = "UnusableNatError";
  /** For programs. */
  override readonly code = "unusable_nat";
  /** What was seen. */
  readonly unusable: UnusableCause;

  /** `unusable` is what was seen. */
  constructor(unusable: UnusableCause) {
    super(`Cannot open a public port: ${describeUnusable(unusable)}`);
    this.unusable = unusable;
  }
}

/** No port of the wanted ones can be bound. */
export class BindError extends PortholeError {
  /** Name of the class. */
  override readonly name = "BindError";
  /** For programs. */
  override readonly code: string;

  /**
   * `what` names the ports that were tried.
   *
   * @param code The kernel's code, or the `code` of whatever went wrong.
   */
  constructor(what: string, code: string, options: ErrorOptions) {
    super(`Cannot bind ${what}: ${code}`, options);
    this.code = code;
  }
}

/** One sentence of what was seen. */
export function describeUnusable(unusable: UnusableCause): string {
  if (unusable.kind === "filtering") {
    return `filtering is ${unusable.behavior}, strangers are shut out`;
  }
  const [a, b] = unusable.seen.map((
    e,
  ) => (e.address.includes(":") ? `[${e.address}]:${e.port}` : `${e.address}:${e.port}`));
  return `mapping is address-dependent, one STUN server saw ${a}, another ${b}`;
}
