import * as v from "valibot";
import { quoted } from "./config_fault.ts";

/** A text that `read` accepts; what it gives is computed by the planner. */
export function readable(read: (text: string) => unknown, expected: string): v.GenericSchema<string> {
  const isReadable = (text: string): boolean => {
    try {
      read(text);
      return true;
    } catch (error) {
      if (error instanceof SyntaxError) return false;
      throw error;
    }
  };
  return v.pipe(
    v.string(),
    v.check(isReadable, (issue) => `expected ${expected}, not ${quoted(issue.input)}`),
    v.description(sentence(expected)),
  );
}

/** A text that the system takes: neither empty nor with a NUL in it. Faults do not repeat it. */
export const plainText: v.GenericSchema<string> = v.pipe(
  v.string(),
  v.nonEmpty("expected a text that is not empty"),
  v.check((text) => !text.includes("\0"), "expected a text without NUL characters"),
);

/** Metadata of texts that may have several lines; as a symbol it stays out of the published schema. */
export const SEVERAL_LINES: unique symbol = Symbol("several lines");

/** A token, password or URL that holds one; the published schema says `writeOnly`. Faults do not repeat it. */
export const secretText: v.GenericSchema<string> = v.pipe(
  plainText,
  v.metadata({ writeOnly: true, description: "The value itself, env:NAME, or file:PATH." }),
);

/** A secret that may have several lines, because it goes into no header and no URL; see {@linkcode secretText}. */
export const secretLines: v.GenericSchema<string> = v.pipe(
  secretText,
  v.metadata({ [SEVERAL_LINES]: true }),
);

/** A whole number within limits. */
export function wholeNumber(least: number, most: number): v.GenericSchema<number> {
  const message = ({ input }: { readonly input: number }): string =>
    `expected a whole number from ${least} to ${most}, not ${quoted(input)}`;
  return v.pipe(
    v.number(),
    v.integer(message),
    v.minValue(least, message),
    v.maxValue(most, message),
  );
}

/** One of some words. */
export function choice<const T extends readonly string[]>(choices: T): v.GenericSchema<T[number]> {
  return v.picklist(choices, ({ input }) => `expected ${listed(choices)}, not ${shown(input)}`);
}

/** A list that, where it is given, names something. */
export function someOf<T>(item: v.GenericSchema<T>): v.GenericSchema<T[]> {
  return v.pipe(v.array(item), v.minLength(1, "expected at least one entry"));
}

/** A key that may be absent; `purpose` goes before what its schema says of itself. */
export function option<T>(
  schema: v.GenericSchema<T>,
  purpose: string,
): v.OptionalSchema<v.GenericSchema<T>, undefined> {
  return v.optional(described(schema, purpose));
}

/** A key that has to be there; see {@linkcode option}. */
export function described<T>(schema: v.GenericSchema<T>, purpose: string): v.GenericSchema<T> {
  const description = [purpose, v.getDescription(schema)].filter((part) => part !== undefined).join(" ");
  return v.pipe(schema, v.description(description));
}

/** Either of two spellings; the message is told where a value is neither. */
export function either<A, B>(
  one: v.GenericSchema<A>,
  other: v.GenericSchema<B>,
  expected: string,
): v.GenericSchema<A | B> {
  return v.pipe(
    v.union([one, other], ({ input }) => `expected ${expected}, not ${kindOf(input)}`),
    v.description(sentence(expected)),
  );
}

/** What sort of value it is, in words; never a text or a number itself. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "string":
      return "a text";
    case "number":
      return "a number";
    case "boolean":
      return String(value);
    default:
      return "an object";
  }
}

/** `a, b or c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** A scalar as it is; else what sort of value it is. */
export function shown(value: unknown): string {
  return typeof value === "object" ? kindOf(value) : quoted(value);
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

/** An object schema whose key `provider` is a literal; see {@linkcode providerSchema}. */
export type ProviderSchema = v.StrictObjectSchema<
  { readonly provider: v.LiteralSchema<string, undefined> },
  undefined
>;

/** Makes the schema of one provider, a strict object with a literal `provider`, fit for a list of alternatives. */
export function providerSchema<T extends { readonly provider: string }>(
  schema: v.GenericSchema<T>,
): ProviderSchema {
  return schema as unknown as ProviderSchema;
}
