/** `§` and what may follow it: colours, styles, and what Bedrock added. */
const FORMATTING = /§[0-9a-v]/gi;

/** Takes formatting codes out of a text. */
export function removeFormatting(text: string): string {
  return text.replace(FORMATTING, "");
}

/**
 * The lines of a text component of the Java protocol as people see them: texts, nested `extra` and arrays in their
 * order, without formatting. Anything else counts as empty; however deep it goes, it gives lines.
 */
export function linesOfChat(component: unknown): readonly string[] {
  let text = "";
  // A stack of our own: a hostile answer may be nested deeper than calls can be.
  const waiting: unknown[] = [component];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next === "string") text += next;
    else if (Array.isArray(next)) pushReversed(waiting, next);
    else if (typeof next === "object" && next !== null) {
      if ("extra" in next && Array.isArray(next.extra)) pushReversed(waiting, next.extra);
      if ("text" in next && typeof next.text === "string") text += next.text;
    }
  }
  return removeFormatting(text).split("\n");
}

function pushReversed(stack: unknown[], items: readonly unknown[]): void {
  for (let i = items.length - 1; i >= 0; i--) stack.push(items[i]);
}
