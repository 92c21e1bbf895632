import { text } from "@optique/core/message";
import type { Suggestion } from "@optique/core/parser";
import type { ValueParser, ValueParserResult } from "@optique/core/valueparser";

/** Options of {@linkcode valueParser}. */
interface ValueParserOptions<T> {
  readonly metavar: string & { readonly length: number };
  /** @throws {SyntaxError} If the text is no such value. */
  readonly read: (text: string) => T;
  readonly write: (value: T) => string;
  /** The line for a text that `read` refused. */
  readonly refuse: (text: string) => string;
  /** Shown by completions. */
  readonly choices?: readonly string[];
  /** Completions name files. @default {false} */
  readonly isPath?: boolean;
}

/** An Optique value parser from a function that throws `SyntaxError`. */
export function valueParser<T>(options: ValueParserOptions<T>): ValueParser<"sync", T> {
  const { metavar, read, write, refuse, choices = [], isPath = false } = options;
  return {
    mode: "sync",
    metavar: metavar as ValueParser["metavar"],
    // Optique asks for a value that stands in while it plans; none of our parsers depends on another one.
    placeholder: undefined as T,
    parse(input): ValueParserResult<T> {
      try {
        return { success: true, value: read(input) };
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        return { success: false, error: [text(refuse(input))] };
      }
    },
    format: write,
    *suggest(prefix): Iterable<Suggestion> {
      if (isPath) yield { kind: "file", type: "file", pattern: prefix };
      for (const choice of choices) if (choice.startsWith(prefix)) yield { kind: "literal", text: choice };
    },
  };
}
