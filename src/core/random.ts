/** Randomness as handed in. */
export interface Random {
  /** Uniform in [0, 1): for jitter and choices, never for secrets. */
  fraction(): number;
  /** Cryptographically strong bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** Randomness of the machine. */
export const systemRandom: Random = {
  fraction: () => Math.random(),
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};
