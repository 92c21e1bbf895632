import { type Endpoint, formatEndpoint } from "../../../core/endpoint.ts";
import type { Protocol } from "../../../core/mapping.ts";
import type { Natter2Method } from "./natter2_args.ts";
import { forwardsItself } from "./natter2_plan.ts";

/** The version whose command line and lines we keep to. */
export const NATTER2_VERSION = "2.1.1";

/** What a port check found; `UNKNOWN` wherever nobody could tell. */
export type PortState = "OPEN" | "CLOSED" | "UNKNOWN";

/** The endpoints of a mapping as Natter shows them. */
export interface Natter2Route {
  readonly protocol: Protocol;
  readonly method: Natter2Method;
  /** The target; for `none` and `test` what is bound. */
  readonly inner: Endpoint;
  /** What is bound. */
  readonly bind: Endpoint;
  readonly outer: Endpoint;
}

/** Results of the port checks, in Natter's order. */
export interface PortChecks {
  readonly target: PortState;
  readonly bind: PortState;
  /** The outer endpoint as reached from here. */
  readonly outer: PortState;
  /** The outer endpoint as reached from outside. */
  readonly wan: PortState;
}

/** `tcp://TARGET <--socket--> tcp://BIND <--Natter--> tcp://OUTER`; without the first part where nothing forwards. */
export function routeLine({ protocol, method, inner, bind, outer }: Natter2Route): string {
  const url = (endpoint: Endpoint): string => `${protocol}://${formatEndpoint(endpoint)}`;
  const way = `${url(bind)} <--Natter--> ${url(outer)}`;
  return forwardsItself(method) ? `${url(inner)} <--${method}--> ${way}` : way;
}

/** What is logged when a mapping is new: the route between blank lines, the test mode, the scripts. */
export function mappedLines(route: Natter2Route, scripts: readonly string[]): readonly string[] {
  const scheme = route.protocol === "tcp" ? "http" : "udp";
  const test = ["Test mode in on.", `Please check [ ${scheme}://${formatEndpoint(route.outer)} ]`, ""];
  return [
    "",
    routeLine(route),
    "",
    ...(route.method === "test" ? test : []),
    ...scripts.map((path) => `Calling script: ${path}`),
  ];
}

/** The lines `LAN > …` and `WAN > …`. */
export function checkLines({ inner, bind, outer }: Natter2Route, checks: PortChecks): readonly string[] {
  const line = (side: "LAN" | "WAN", endpoint: Endpoint, state: PortState): string =>
    `${side} > ${formatEndpoint(endpoint).padEnd(21)} [ ${state} ]`;
  return [
    line("LAN", inner, checks.target),
    line("LAN", bind, checks.bind),
    line("LAN", outer, checks.outer),
    line("WAN", outer, checks.wan),
    "",
  ];
}

/** What follows from the port checks, if anything does. */
export function verdictOf({ target, outer, wan }: PortChecks): string | undefined {
  if (target === "CLOSED") return "!! Target port is closed !!";
  if (target !== "OPEN" || wan !== "CLOSED") return undefined;
  if (outer === "CLOSED") return "!! Hole punching failed !!";
  return outer === "OPEN" ? "!! You may be behind a firewall !!" : undefined;
}

/** `Checking TCP NAT...`, as wide as natter-check's column. */
export function checkSubject(subject: "TCP" | "UDP"): string {
  return `Checking ${subject} NAT...`.padEnd(36);
}

/** `[   OK   ] ... NAT Type: 1`: OK for 0 and 1, NA for -1, else FAIL; a text is what went wrong. */
export function checkResult(found: number | string): string {
  if (typeof found === "string") return `[  FAIL  ] ... ${found}`;
  const status = found === 0 || found === 1 ? "[   OK   ]" : found === -1 ? "[   NA   ]" : "[  FAIL  ]";
  return `${status} ... NAT Type: ${found}`;
}
