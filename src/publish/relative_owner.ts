import { canonicalName } from "../core/domain_name.ts";

/** How many APIs spell an owner name below the zone: `@` is the zone itself. Pure. */
export function spellRelative(relative: string): string {
  return relative === "" ? "@" : relative;
}

/** Whether an API's spelling of an owner name below the zone means this one; see {@linkcode isName}. Total. */
export function isRelative(spelling: string, relative: string): boolean {
  return spelling === "" || spelling === "@" ? relative === "" : isName(spelling, relative);
}

/** Whether an API's spelling of a name means this canonical one; names of others may be anything. Total. */
export function isName(spelling: string, name: string): boolean {
  try {
    return canonicalName(spelling) === name;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
