/** An option of natmap's as it stood on the command line, in order. */
export interface NatmapOption {
  /** `-k`, `--stun`, … */
  readonly flag: string;
  /** `undefined` for flags without a value. */
  readonly value: string | undefined;
}

/** A command line taken apart; what the values mean is another matter. */
export type NatmapWords =
  | {
    readonly kind: "words";
    readonly options: readonly NatmapOption[];
    /** Words that belong to no option; natmap does not look at them. */
    readonly rest: readonly string[];
  }
  | { readonly kind: "usage"; readonly reason: string };

const FLAGS = "46ud";
const VALUED = "kcshefbCTtpi";
/** Ours; natmap has no long option, so none of them clashes. */
const LONG_FLAGS: readonly string[] = ["--json", "--foreground"];
const LONG_VALUED: readonly string[] = ["--stun", "--keep-alive"];

/**
 * Takes a command line apart as getopt(3) does: flags may be joined (`-4u`), values glued (`-k20`), options may
 * follow other words, and `--` ends them.
 */
export function splitNatmapOptions(argv: readonly string[]): NatmapWords {
  const options: NatmapOption[] = [];
  const rest: string[] = [];
  const words = argv.values();
  for (const word of words) {
    if (word === "--") {
      rest.push(...words);
    } else if (word.startsWith("--")) {
      const reason = takeLong(word, words, options);
      if (reason !== undefined) return { kind: "usage", reason };
    } else if (word.startsWith("-") && word !== "-") {
      const reason = takeShort(word, words, options);
      if (reason !== undefined) return { kind: "usage", reason };
    } else {
      rest.push(word);
    }
  }
  return { kind: "words", options, rest };
}

/** @returns What is wrong; `undefined` if nothing is. */
function takeLong(word: string, words: Iterator<string>, options: NatmapOption[]): string | undefined {
  const equals = word.indexOf("=");
  const flag = equals < 0 ? word : word.slice(0, equals);
  if (LONG_FLAGS.includes(word)) {
    options.push({ flag, value: undefined });
    return undefined;
  }
  if (!LONG_VALUED.includes(flag)) return `unknown option ${flag}`;
  const value = equals < 0 ? nextWord(words) : word.slice(equals + 1);
  if (value === undefined) return `option ${flag} needs a value`;
  options.push({ flag, value });
  return undefined;
}

function takeShort(word: string, words: Iterator<string>, options: NatmapOption[]): string | undefined {
  const letters = [...word].slice(1);
  for (const [at, letter] of letters.entries()) {
    const flag = `-${letter}`;
    if (FLAGS.includes(letter)) {
      options.push({ flag, value: undefined });
      continue;
    }
    if (!VALUED.includes(letter)) return `unknown option ${flag}`;
    const glued = letters.slice(at + 1).join("");
    const value = glued === "" ? nextWord(words) : glued;
    if (value === undefined) return `option ${flag} needs a value`;
    options.push({ flag, value });
    return undefined;
  }
  return undefined;
}

function nextWord(words: Iterator<string>): string | undefined {
  const next = words.next();
  return next.done === true ? undefined : next.value;
}
