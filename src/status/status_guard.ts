import { createHash, timingSafeEqual } from "node:crypto";
import { addressBytes } from "../core/endpoint.ts";
import type { Secret } from "../core/secret.ts";

/**
 * Whether an `Authorization` header shows the token: as `Bearer TOKEN`, or as the password of `Basic`, which browsers
 * ask for by themselves, so that the token never stands in a URL (and in histories, and logs). Takes the same time for
 * every wrong token.
 */
export function hasToken(header: string | undefined, token: Secret): boolean {
  const [, scheme = "", value = ""] = /^(\S+) +(\S+) *$/.exec(header ?? "") ?? [];
  const shown = scheme.toLowerCase() === "bearer"
    ? value
    : scheme.toLowerCase() === "basic"
    ? passwordOf(value)
    : undefined;
  return shown !== undefined && timingSafeEqual(digestOf(shown), digestOf(token.reveal()));
}

function passwordOf(base64: string): string | undefined {
  try {
    const text = new TextDecoder().decode(Uint8Array.fromBase64(base64));
    return text.includes(":") ? text.slice(text.indexOf(":") + 1) : undefined;
  } catch {
    // Not Base64, so it shows nothing.
    return undefined;
  }
}

/** Digests are of one length, so that comparing tells nothing about the token's. */
function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

/**
 * Whether a `Host` header can be one of ours where no token guards the page: an address, or a name that is not in the
 * public DNS. Any other name may have been pointed at this machine by the web page that a browser here shows (DNS
 * rebinding).
 */
export function isPrivateHost(host: string | undefined): boolean {
  // Only HTTP/1.0 has none, and browsers do not speak it.
  if (host === undefined) return true;
  const name = host.replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "").toLowerCase();
  return addressBytes(name) !== undefined || !name.includes(".") ||
    /\.(local|lan|internal|localhost|home\.arpa)$/.test(name);
}

/** Whether a browser says that another site's page makes the request. */
export function isForeignSite(site: string | undefined): boolean {
  return site === "cross-site" || site === "same-site";
}
