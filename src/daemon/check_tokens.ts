import type { Random } from "../core/random.ts";

/** Random words that the self-check sends to the external endpoint and our own test server recognises. */
export class CheckTokens {
  readonly #random: Random;
  readonly #issued = new Set<string>();
  readonly #seen = new Set<string>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** A new token; nobody can guess it. */
  issue(): string {
    const token = this.#random.bytes(16).toHex();
    this.#issued.add(token);
    return token;
  }

  /** Notes that `token` arrived; `false` if it is none of ours. */
  accept(token: string): boolean {
    if (!this.#issued.has(token)) return false;
    this.#seen.add(token);
    return true;
  }

  /** Whether the token arrived. */
  hasSeen(token: string): boolean {
    return this.#seen.has(token);
  }

  /** Forgets a token. */
  revoke(token: string): void {
    this.#issued.delete(token);
    this.#seen.delete(token);
  }
}
