import { domainToASCII } from "node:url";

/** One label (RFC 1035, section 2.3.1) with the underscore of service names (RFC 8552), in A-label form. */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}$/;

/**
 * The one spelling of a domain name that is used for comparing: lower case, A-labels (RFC 5890), no final dot. A `*`
 * may be the first label.
 *
 * @throws {SyntaxError} If it is no domain name: empty labels, more than 63 bytes in one or 253 in all, other characters.
 */
export function canonicalName(text: string): string {
  const bare = text.replace(/\.$/, "");
  const labels = bare.split(".").map((label, i) => label === "*" && i === 0 ? label : asciiLabel(label));
  const name = labels.join(".");
  if (name.length > 253 || labels.some((label, i) => !LABEL.test(label) && !(label === "*" && i === 0))) {
    throw new SyntaxError(`Cannot use "${text.slice(0, 300)}" as a domain name`);
  }
  return name;
}

/** Whether `name` is `zone` or below it; both canonical. */
export function isWithin(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

/** What is left of the zone: labels below it, empty for the zone itself; both canonical, `name` within `zone`. */
export function relativeName(name: string, zone: string): string {
  return name === zone ? "" : name.slice(0, -zone.length - 1);
}

/**
 * A name as users write it in a configuration, made whole: `@` or nothing is the zone, a final dot or the zone at the
 * end says that it is whole already, all else is below the zone. Without a zone it has to be whole.
 *
 * @param zone Canonical.
 * @throws {SyntaxError} If it is no domain name.
 */
export function ownerName(text: string, zone: string | undefined): string {
  if (zone === undefined) return canonicalName(text);
  if (text === "@" || text === "") return zone;
  const name = canonicalName(text);
  return text.endsWith(".") || isWithin(name, zone) ? name : canonicalName(`${name}.${zone}`);
}

/** An A-label; node's function leaves ASCII and underscores alone only where nothing else is in it. */
function asciiLabel(label: string): string {
  // deno-lint-ignore no-control-regex
  return /^[\x00-\x7f]*$/.test(label) ? label.toLowerCase() : domainToASCII(label);
}
