/** Columns a terminal gives to a text: East Asian wide characters take two. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    const isWide =
      /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/;
    columns += isWide.test(character) ? 2 : 1;
  }
  return columns;
}

/** Fills a text with spaces on the right up to so many columns. */
export function padColumns(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - columnsOf(text)));
}

/** Seconds for people: hundredths below ten. */
export function formatSeconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

/** A line of the story: when, what, and more. */
export function storyLine(
  parts: { readonly ms: number; readonly label: string; readonly text: string },
): string {
  return `${formatSeconds(parts.ms).padStart(7)} s  ${padColumns(parts.label, 9)}${parts.text}`;
}

/** Something that was shown to somebody, set off from the story. */
export function quoted(text: string): string[] {
  return text.trimEnd().split(/\r?\n/).map((line) => `${" ".repeat(11)}| ${line}`.trimEnd());
}
