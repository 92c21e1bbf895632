/** More typing mistakes than that make another word. */
const MOST_EDITS = 2;

/**
 * The known key that was most likely meant: at most two typing mistakes away (a letter too many, missing, wrong, or
 * two swapped), whatever the case, and `snake_case` or `kebab-case` instead of ours.
 *
 * @returns `undefined` if none is near.
 */
export function suggestKey(key: string, known: readonly string[]): string | undefined {
  // What is longer cannot be near; it may be a megabyte.
  const most = Math.max(0, ...known.map((name) => name.length)) + MOST_EDITS;
  const plain = key.length > 2 * most ? "" : plainOf(key);
  if (plain === "" || plain.length > most) return undefined;
  let best: { readonly name: string; readonly edits: number } | undefined;
  for (const name of known) {
    const edits = editsBetween(plain, plainOf(name));
    // Two mistakes in a word of two letters leave nothing of it.
    if (edits > MOST_EDITS || edits >= plain.length) continue;
    if (best === undefined || edits < best.edits) best = { name, edits };
  }
  return best?.name;
}

function plainOf(key: string): string {
  return key.toLowerCase().replaceAll(/[^\p{L}\p{N}$]/gu, "");
}

/** Optimal string alignment distance (Damerau-Levenshtein without editing a pair twice). */
function editsBetween(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (beforeLast[j - 2] ?? 0) + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
