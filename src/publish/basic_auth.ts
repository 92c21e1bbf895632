import type { Secret } from "../core/secret.ts";

/**
 * The header of a user and a password (RFC 7617); none without a user.
 *
 * @param user Without a colon.
 */
export function basicAuth(
  user: string | undefined,
  password: Secret | undefined,
): Readonly<Record<string, string>> {
  if (user === undefined) return {};
  const bytes = new TextEncoder().encode(`${user}:${password?.reveal() ?? ""}`);
  return { authorization: `Basic ${bytes.toBase64()}` };
}
