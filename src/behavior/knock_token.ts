import type { Random } from "../core/random.ts";

/** Long enough that nobody guesses it. */
export const TOKEN_BYTES = 16;

/** Random bytes to be recognised by; the first one is none that STUN begins with (RFC 8489, section 5). */
export function createToken(random: Random): Uint8Array<ArrayBuffer> {
  const token = random.bytes(TOKEN_BYTES);
  token[0] = 0xff;
  return token;
}

/** Whether these are exactly the token's bytes. */
export function isToken(data: Uint8Array, token: Uint8Array): boolean {
  return data.length === token.length && data.every((byte, i) => byte === token[i]);
}
