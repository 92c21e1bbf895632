/** The generations of Natter: 0.9 with positional ports and a configuration file, 2 with flags only. */
export type NatterGeneration = "0.9" | "2";

/** Short options that 0.9 does not have, and `-t` with its value glued to it. */
const ONLY_IN_2 = /^-[A-Za-z]*[VquUksheibmpr]|^-v*t[^v]/;

/**
 * Tells which Natter a command line was written for. Pure; our own flags have been taken out before. This is the
 * whole rule, the first line that fits counts:
 *
 * | The line | Generation |
 * |---|---|
 * | is empty | 2 (its test mode) |
 * | has `-c` or `--check-nat` | 0.9 |
 * | has another long option, or a short one that only 2 has (joined, glued) | 2 |
 * | has nothing but `-v` and `-t` (joined or not) | 2 |
 * | has one bare word, it follows `-t`, and is not a plain number | 2 (`-t 10.1`: a target address) |
 * | anything else: bare words (`3456`, `-t 3456`, `192.168.1.2 3456`), options neither has (`-x`) | 0.9 |
 */
export function generationOf(words: readonly string[]): NatterGeneration {
  if (words.length === 0) return "2";
  if (words.includes("-c") || words.includes("--check-nat")) return "0.9";
  if (words.some((word) => word.startsWith("--") || ONLY_IN_2.test(word))) return "2";
  if (words.every((word) => /^-[vt]+$/.test(word))) return "2";
  const bare = words.filter((word) => !word.startsWith("-"));
  const [only] = bare;
  if (only === undefined || bare.length > 1 || /^\d+$/.test(only)) return "0.9";
  return /^-v*t$/.test(words[words.indexOf(only) - 1] ?? "") ? "2" : "0.9";
}
