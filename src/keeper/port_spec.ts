import { parsePort } from "../core/endpoint.ts";
import type { Random } from "../core/random.ts";

/**
 * Which port to bind, in natmap's spelling: `N` (0 = any), `A-B` in turn, `A~B` random inside.
 */
export type PortSpec =
  | { readonly kind: "fixed"; readonly port: number }
  | { readonly kind: "in-turn" | "random"; readonly first: number; readonly last: number };

/**
 * Parses a {@linkcode PortSpec}.
 *
 * @throws {SyntaxError} If the text is malformed, a port is out of range, or A is greater than B.
 */
export function parsePortSpec(text: string): PortSpec {
  const range = /^(\d+)([-~])(\d+)$/.exec(text);
  const port = parsePort(text);
  if (port !== undefined) return { kind: "fixed", port };
  const first = parsePort(range?.[1] ?? "");
  const last = parsePort(range?.[3] ?? "");
  if (range === null || first === undefined || last === undefined) {
    throw new SyntaxError(`Cannot parse port "${text}": expected 0 to 65535, A-B or A~B`);
  }
  if (first > last || first === 0) {
    throw new SyntaxError(`Cannot parse port range "${text}": expected 1 <= A <= B`);
  }
  return { kind: range[2] === "-" ? "in-turn" : "random", first, last };
}

/** Writes a {@linkcode PortSpec} as users do. */
export function formatPortSpec(spec: PortSpec): string {
  return spec.kind === "fixed"
    ? `${spec.port}`
    : `${spec.first}${spec.kind === "in-turn" ? "-" : "~"}${spec.last}`;
}

/**
 * The port to try next.
 *
 * @param previous The port that failed; `undefined` at start. A port that works is kept, so this is asked only
 *   at start and after a failed bind.
 */
export function nextPort(spec: PortSpec, previous: number | undefined, random: Random): number {
  if (spec.kind === "fixed") return spec.port;
  const count = spec.last - spec.first + 1;
  if (spec.kind === "random") return spec.first + Math.floor(random.fraction() * count);
  if (previous === undefined) return spec.first;
  return spec.first + ((previous - spec.first + 1) % count);
}
