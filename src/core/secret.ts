/**
 * A token or password. It shows itself to nobody by accident: text and JSON say `***`, inspection shows nothing; only
 * {@linkcode Secret.reveal} gives it away, and belongs right where it is sent.
 */
export class Secret {
  readonly #value: string;

  /** Holds `value`. */
  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. */
  reveal(): string {
    return this.#value;
  }

  /** Whether both hold the same value. */
  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  /** `***`. */
  toString(): string {
    return "***";
  }

  /** `***`. */
  toJSON(): string {
    return "***";
  }
}
