/** One command of a shell script, or one line of an OpenWrt configuration, in words. */
export interface WordLine {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly words: readonly string[];
  /** It holds `$` or backquotes that a shell would replace. */
  readonly isExpanded: boolean;
  /** It sends output somewhere; that is not among the words. */
  readonly isRedirected: boolean;
}

/**
 * - `shell`: quotes, backslashes, comments; `;`, `&`, `|` end a command; nothing is expanded.
 * - `uci`: quotes, backslashes and comments only.
 */
export type WordSyntax = "shell" | "uci";

/** Splits a text into commands of words; lines without any are left out. Total. */
export function splitWords(text: string, syntax: WordSyntax): readonly WordLine[] {
  return new Splitter(text, syntax).run();
}

class Splitter {
  readonly #text: string;
  readonly #isShell: boolean;
  readonly #lines: WordLine[] = [];
  #at = 0;
  #line = 1;
  #startLine = 1;
  #words: string[] = [];
  /** `undefined` between words, so that `''` is one. */
  #word: string | undefined;
  #isExpanded = false;
  #isRedirected = false;
  /** The next word says where output goes. */
  #skipsWord = false;

  constructor(text: string, syntax: WordSyntax) {
    this.#text = text.replace(/\r\n?/g, "\n");
    this.#isShell = syntax === "shell";
  }

  run(): readonly WordLine[] {
    for (let char = this.#next(); char !== undefined; char = this.#next()) {
      if (char === "'" || char === '"') this.#takeQuoted(char);
      else if (char === "\\") this.#takeEscaped();
      else if (char === "#" && this.#word === undefined) this.#skipComment();
      else if (char === "\n") this.#endLine();
      else if (/\s/.test(char)) this.#endWord();
      else if (this.#isShell && /[;&|]/.test(char)) this.#endLine();
      else if (this.#isShell && /[<>]/.test(char)) this.#takeRedirection();
      else this.#add(char);
    }
    this.#endLine();
    return this.#lines;
  }

  #next(): string | undefined {
    const char = this.#text[this.#at++];
    if (char === "\n") this.#line++;
    return char;
  }

  #add(char: string): void {
    if (this.#words.length === 0 && this.#word === undefined) this.#startLine = this.#line;
    if (char === "$" || char === "`") this.#isExpanded = true;
    this.#word = (this.#word ?? "") + char;
  }

  #takeQuoted(quote: string): void {
    this.#word ??= "";
    for (let char = this.#next(); char !== undefined && char !== quote; char = this.#next()) {
      if (quote === "'") this.#word += char;
      else if (char === "\\" && /["\\$`\n]/.test(this.#text[this.#at] ?? "")) this.#takeEscaped();
      else this.#add(char);
    }
  }

  #takeEscaped(): void {
    const char = this.#next();
    // A backslash at the end of a line joins it with the next one.
    if (char !== undefined && char !== "\n") this.#word = (this.#word ?? "") + char;
  }

  #skipComment(): void {
    const end = this.#text.indexOf("\n", this.#at);
    this.#at = end < 0 ? this.#text.length : end;
  }

  #takeRedirection(): void {
    // `2>` names a descriptor, not a word.
    if (/^\d+$/.test(this.#word ?? "")) this.#word = undefined;
    this.#endWord();
    while (/[<>&]/.test(this.#text[this.#at] ?? "")) this.#at++;
    this.#isRedirected = true;
    this.#skipsWord = true;
  }

  #endWord(): void {
    if (this.#word === undefined) return;
    if (!this.#skipsWord) this.#words.push(this.#word);
    this.#skipsWord = false;
    this.#word = undefined;
  }

  #endLine(): void {
    this.#endWord();
    if (this.#words.length > 0) {
      this.#lines.push({
        line: this.#startLine,
        words: this.#words,
        isExpanded: this.#isExpanded,
        isRedirected: this.#isRedirected,
      });
    }
    this.#words = [];
    this.#isExpanded = false;
    this.#isRedirected = false;
    this.#skipsWord = false;
  }
}
