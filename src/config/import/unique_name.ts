import { parseTunnelName } from "../values.ts";

/** Gives tunnels names that are valid and different from each other. */
export class UniqueNames {
  readonly #taken = new Set<string>();

  /** `wanted` itself, with a number behind it if it is taken; `fallback` if it cannot be a name at all. */
  take(wanted: string, fallback: string): string {
    const base = isName(wanted) ? wanted : fallback;
    let name = base;
    for (let n = 2; this.#taken.has(name); n++) name = `${base.slice(0, 58)}-${n}`;
    this.#taken.add(name);
    return name;
  }
}

function isName(text: string): boolean {
  try {
    parseTunnelName(text);
    return true;
  } catch {
    // Whatever is wrong with it, another name is taken.
    return false;
  }
}
