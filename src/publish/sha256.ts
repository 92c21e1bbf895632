const encoder = new TextEncoder();
const ALGORITHM = { name: "HMAC", hash: "SHA-256" } as const;

/** The SHA-256 hash (FIPS 180-4) of a text's UTF-8, in lower-case hexadecimal. */
export async function sha256Hex(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text))).toHex();
}

/**
 * HMAC-SHA-256 (RFC 2104) of a text's UTF-8.
 *
 * @param key A text stands for its UTF-8; not empty.
 */
export async function hmacSha256(
  key: string | Uint8Array<ArrayBuffer>,
  text: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = typeof key === "string" ? encoder.encode(key) : key;
  const isExtractable = false;
  const hmac = await crypto.subtle.importKey("raw", bytes, ALGORITHM, isExtractable, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", hmac, encoder.encode(text)));
}
