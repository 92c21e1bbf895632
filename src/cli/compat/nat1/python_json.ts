/**
 * JSON as Python writes it on one line: a space after each comma and colon; letters of every script as they are.
 *
 * @param value What `JSON.stringify` would take.
 */
export function toPythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toPythonJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([key, member]) => `${JSON.stringify(key)}: ${toPythonJson(member)}`);
  return `{${members.join(", ")}}`;
}
