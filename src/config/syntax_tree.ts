import { MOST_FAULTS } from "./config_fault.ts";
import { createScanner, type Node, type ParseError, parseTree } from "jsonc-parser";

/** A mistake in the syntax, and where it starts. */
export interface SyntaxFault {
  readonly offset: number;
  readonly message: string;
}

/** What a text says, as far as it can be read. */
export interface SyntaxTree {
  /** Absent where there is nothing, or nesting is too deep. */
  readonly root: Node | undefined;
  /** In the order of the text. */
  readonly faults: readonly SyntaxFault[];
}

/** Ours needs six. The parser calls itself for each level, and must not run out of stack. */
const MOST_LEVELS = 500;

/** `SyntaxKind` of the scanner, whose const enum cannot be imported with isolated modules. */
const OPEN_BRACE = 1;
const CLOSE_BRACE = 2;
const OPEN_BRACKET = 3;
const CLOSE_BRACKET = 4;
const END = 17;

/** By `ParseErrorCode`. */
const WORDS: Readonly<Record<number, string>> = {
  1: "unexpected symbol; texts and keys are in double quotes",
  2: "malformed number",
  3: "expected a key in double quotes",
  4: "expected a value",
  5: "expected a colon after the key",
  6: "expected a comma",
  7: "expected a closing brace",
  8: "expected a closing bracket",
  9: "unexpected text after the end of the configuration",
  10: "comments are not allowed here",
  11: "the comment is never closed",
  12: "the text is never closed on its line",
  13: "the number ends too early",
  14: "malformed \\u escape; expected four hex digits",
  15: "unknown escape; a backslash itself is written \\\\",
  16: "control character in a text; write it as an escape such as \\n",
};

/** Reads JSON with comments and trailing commas; total: any text gives a tree, faults, or both. */
export function readSyntaxTree(text: string): SyntaxTree {
  const tooDeep = firstTooDeep(text);
  if (tooDeep !== undefined) {
    return {
      root: undefined,
      faults: [{ offset: tooDeep, message: `nested deeper than ${MOST_LEVELS} levels` }],
    };
  }
  const errors = new Errors();
  const root = parsed(text, errors);
  const faults: SyntaxFault[] = [];
  for (const { error, offset } of [...errors].sort((a, b) => a.offset - b.offset)) {
    // One mistake can be told twice, as what it is and as what it is not.
    if (faults.at(-1)?.offset === offset) continue;
    faults.push({ offset, message: WORDS[error] ?? "malformed" });
  }
  return { root, faults };
}

/** What the parser tells, up to a number: a file of another kind holds millions. */
class Errors extends Array<ParseError> {
  override push(...errors: ParseError[]): number {
    if (this.length >= MOST_FAULTS) throw new TooManyErrors();
    return super.push(...errors);
  }
}

/** Thrown through the parser, which cannot be stopped otherwise. */
class TooManyErrors extends Error {}

function parsed(text: string, errors: ParseError[]): Node | undefined {
  try {
    return parseTree(text, errors, { allowTrailingComma: true });
  } catch (error) {
    if (error instanceof TooManyErrors) return undefined;
    throw error;
  }
}

function firstTooDeep(text: string): number | undefined {
  const ignoresTrivia = true;
  const scanner = createScanner(text, ignoresTrivia);
  const open: number[] = [];
  for (let token: number = scanner.scan(); token !== END; token = scanner.scan()) {
    if (token === OPEN_BRACE || token === OPEN_BRACKET) open.push(token);
    // A bracket that closes nothing must not hide a level: the parser skips it too.
    else if (token === CLOSE_BRACE && open.at(-1) === OPEN_BRACE) open.pop();
    else if (token === CLOSE_BRACKET && open.at(-1) === OPEN_BRACKET) open.pop();
    if (open.length > MOST_LEVELS) return scanner.getTokenOffset();
  }
  return undefined;
}
