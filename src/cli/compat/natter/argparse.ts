/** One option as a parser after Python's argparse knows it. */
export interface ArgparseOption {
  /** `-k`, `--check`; the first one is shown in messages. */
  readonly names: readonly [string, ...string[]];
  /** `none` is a flag; `int` is read as Python's `int()` does. */
  readonly value: "none" | "text" | "int";
  /** Ends the reading as soon as it is met, as `--help` does. */
  readonly isFinal?: boolean;
}

/** One option that was found. */
export interface FoundOption {
  /** First name of the option. */
  readonly name: string;
  /** Empty for flags. */
  readonly text: string;
}

/** What came of a command line. */
export type ArgparseReading =
  | { readonly kind: "options"; readonly found: readonly FoundOption[] }
  | { readonly kind: "final"; readonly name: string }
  /** The text after `prog: error: `. */
  | { readonly kind: "error"; readonly message: string };

/**
 * Reads a command line that has no positional arguments as Python's argparse does: short options joined (`-uv`) and
 * with glued values (`-k15`, `-k=15`), long ones abbreviated where that is clear, negative numbers as values; the
 * first mistake counts, and words nobody knows come last. Pure.
 */
export function readArgparse(words: readonly string[], options: readonly ArgparseOption[]): ArgparseReading {
  return new Reading(options, words).read();
}

/** Python's `int()`: sign, underscores between digits, white space around; `undefined` if it is none. */
export function pythonInt(text: string): number | undefined {
  const digits = text.trim();
  return /^[+-]?\d+(_\d+)*$/.test(digits) ? Number(digits.replaceAll("_", "")) + 0 : undefined;
}

class Mistake extends Error {}

class Reading {
  readonly #options: readonly ArgparseOption[];
  readonly #words: readonly string[];
  readonly #found: FoundOption[] = [];
  readonly #unknown: string[] = [];
  #at = 0;

  constructor(options: readonly ArgparseOption[], words: readonly string[]) {
    this.#options = options;
    this.#words = words;
  }

  read(): ArgparseReading {
    try {
      const final = this.#walk();
      if (final !== undefined) return { kind: "final", name: final };
      if (this.#unknown.length === 0) return { kind: "options", found: this.#found };
      return { kind: "error", message: `unrecognized arguments: ${this.#unknown.join(" ")}` };
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      return { kind: "error", message: error.message };
    }
  }

  /** @returns The name of a final option that was met. */
  #walk(): string | undefined {
    while (this.#at < this.#words.length) {
      const word = this.#words[this.#at++] ?? "";
      if (word === "--") {
        this.#unknown.push(...this.#words.slice(this.#at));
        return undefined;
      }
      const final = this.#isOption(word) ? this.#take(word) : void this.#unknown.push(word);
      if (final !== undefined) return final;
    }
    return undefined;
  }

  #isOption(word: string): boolean {
    if (!word.startsWith("-") || word === "-") return false;
    if (this.#byName(word) !== undefined) return true;
    return !/^-\d+$|^-\d*\.\d+$/.test(word) && !word.includes(" ");
  }

  #byName(name: string): ArgparseOption | undefined {
    return this.#options.find(({ names }) => names.includes(name));
  }

  #take(word: string): string | undefined {
    return word.startsWith("--") ? this.#takeLong(word) : this.#takeShort(word);
  }

  #takeLong(word: string): string | undefined {
    const [name = ""] = word.split("=", 1);
    const glued = word.length > name.length ? word.slice(name.length + 1) : undefined;
    const exact = this.#byName(name);
    const similar = this.#options.flatMap(({ names }) => names.filter((known) => known.startsWith(name)));
    if (exact === undefined && similar.length > 1) {
      throw new Mistake(`ambiguous option: ${word} could match ${similar.join(", ")}`);
    }
    const option = exact ?? this.#byName(similar[0] ?? "");
    if (option === undefined) return void this.#unknown.push(word);
    if (option.value !== "none") return this.#note(option, glued ?? this.#next(option));
    if (glued !== undefined) {
      throw new Mistake(`argument ${shown(option)}: ignored explicit argument '${glued}'`);
    }
    return this.#note(option, "");
  }

  /** `-u`, `-uv`, `-k15`, `-uk15`, `-k=15`. */
  #takeShort(word: string): string | undefined {
    for (let i = 1; i < word.length; i++) {
      const option = this.#byName(`-${word[i]}`);
      if (option === undefined) {
        if (i === 1) return void this.#unknown.push(word);
        const before = this.#byName(`-${word[i - 1]}`);
        throw new Mistake(
          `argument ${before === undefined ? word : shown(before)}: ignored explicit argument '${
            word.slice(i)
          }'`,
        );
      }
      if (option.value !== "none") {
        const glued = word.slice(i + 1).replace(/^=/, "");
        return this.#note(option, i + 1 < word.length ? glued : this.#next(option));
      }
      const final = this.#note(option, "");
      if (final !== undefined) return final;
    }
    return undefined;
  }

  #next(option: ArgparseOption): string {
    const word = this.#words[this.#at];
    if (word === undefined || word === "--" || this.#isOption(word)) {
      throw new Mistake(`argument ${shown(option)}: expected one argument`);
    }
    this.#at++;
    return word;
  }

  /** @returns Its name if it ends the reading. */
  #note(option: ArgparseOption, text: string): string | undefined {
    if (option.value === "int" && pythonInt(text) === undefined) {
      throw new Mistake(`argument ${shown(option)}: invalid int value: '${text}'`);
    }
    const [name] = option.names;
    if (option.isFinal) return name;
    this.#found.push({ name, text });
    return undefined;
  }
}

function shown({ names }: ArgparseOption): string {
  return names.join("/");
}
