/** Where something is in a configuration: keys and indices from the root. */
export type ConfigPath = readonly (string | number)[];

/** A place in a text: both from 1; columns count UTF-16 code units, as editors do. */
export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** What is wrong with a configuration, and where; never holds a secret. */
export interface ConfigFault extends Place {
  /** As in `tunnels[0].forward.target`; empty for the whole file. */
  readonly path: string;
  /** One line. */
  readonly message: string;
}

/** Tells where something is; the nearest thing around it, where it is absent. */
export type PlaceOf = (path: ConfigPath) => Place;

/** Nobody reads more; what comes after is not even looked for. */
export const MOST_FAULTS: number = 1000;

/** Longer values are cut: a fault is one line. */
const MOST_CHARACTERS = 60;

/** Writes a path as in `tunnels[0].forward.target`; keys that are no words go into brackets. */
export function formatPath(path: ConfigPath): string {
  return path.map((part, i) => {
    if (typeof part === "number") return `[${part}]`;
    return /^[\w$]{1,60}$/.test(part) ? `${i === 0 ? "" : "."}${part}` : `[${quoted(part)}]`;
  }).join("");
}

/** Writes a value as in JSON, cut where it is long; nothing in it can move a terminal's cursor. */
export function quoted(value: unknown): string {
  const text = typeof value === "string" && value.length > MOST_CHARACTERS
    ? `${value.slice(0, MOST_CHARACTERS)}…`
    : value;
  return (typeof text === "number" ? String(text) : JSON.stringify(text) ?? String(text)).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** Writes a fault as `LINE:COLUMN: PATH: MESSAGE`; without the path where it is about the whole file. */
export function formatFault({ line, column, path, message }: ConfigFault): string {
  return [`${line}:${column}`, ...(path === "" ? [] : [path]), message].join(": ");
}

/** Sorts faults by their place; those of one place keep their order. */
export function inSourceOrder(faults: readonly ConfigFault[]): readonly ConfigFault[] {
  return faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
