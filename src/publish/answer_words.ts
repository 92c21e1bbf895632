import type { Secret } from "../core/secret.ts";

/** Longer ones say nothing more on one line. */
const MOST_CHARACTERS = 200;

/**
 * What a server said, fit for a reason: one line without control characters, cut where it is long, and without the
 * secrets that were sent there, which some servers repeat. Pure.
 *
 * @returns `undefined` if it is no text, or nothing is left.
 */
export function answerWords(
  text: unknown,
  secrets: readonly (Secret | undefined)[] = [],
): string | undefined {
  if (typeof text !== "string") return undefined;
  let words = text;
  for (const secret of secrets) {
    const value = secret?.reveal() ?? "";
    if (value === "") continue;
    words = words.replaceAll(value, "***").replaceAll(encodeURIComponent(value.toWellFormed()), "***");
  }
  const line = words.replace(/[\p{C}\p{Z}]+/gu, " ").trim();
  if (line === "") return undefined;
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS).toWellFormed()}…` : line;
}

/** The JSON of an answer; `undefined` if it is none. Total. */
export function parseAnswer(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    // The parser's words would quote the answer, which may repeat what was sent.
    return undefined;
  }
}

/** A member of what {@linkcode parseAnswer} gave; `undefined` if it is no object or has none of this name. Total. */
export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
