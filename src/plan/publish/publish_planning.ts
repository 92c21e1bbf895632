import type { ConfigPath } from "../../config/config_fault.ts";
import { canonicalName, ownerName } from "../../core/domain_name.ts";
import type { Protocol } from "../../core/mapping.ts";
import type { Secret } from "../../core/secret.ts";
import type { Refusals } from "../refusals.ts";

/** What an entry of `publish` is planned with. */
export interface PlanPublishOptions {
  /** Of the tunnel. */
  readonly protocol: Protocol;
  /** Of the entry. */
  readonly path: ConfigPath;
  readonly secretOf: (text: string) => Secret | undefined;
  /** Absolute; relative paths start here. */
  readonly baseDirectory: string;
  readonly refusals: Refusals;
}

/** The secret behind a text; refuses one that could not be read. */
export function secretAt(
  path: ConfigPath,
  text: string,
  { secretOf, refusals }: Pick<PlanPublishOptions, "secretOf" | "refusals">,
): Secret | undefined {
  const secret = secretOf(text);
  if (secret === undefined) refusals.refuse(path, "the secret could not be read");
  return secret;
}

/** A zone or another whole name; refuses what is none. */
export function nameAt(
  path: ConfigPath,
  text: string,
  { refusals }: Pick<PlanPublishOptions, "refusals">,
): string | undefined {
  return readName(path, { read: () => canonicalName(text), refusals });
}

/** A name below the zone, made whole ({@linkcode ownerName}); refuses what is none. */
export function nameBelow(
  path: ConfigPath,
  text: string,
  { zone, refusals }: Pick<PlanPublishOptions, "refusals"> & { readonly zone: string | undefined },
): string | undefined {
  return readName(path, { read: () => ownerName(text, zone), refusals });
}

/** Whether it is an http or https address. */
export function isWebAddress(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? "");
}

function readName(
  path: ConfigPath,
  { read, refusals }: { readonly read: () => string; readonly refusals: Refusals },
): string | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    refusals.refuse(path, "expected a domain name");
    return undefined;
  }
}
