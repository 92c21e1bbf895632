import { or } from "@optique/core/constructs";
import { type DocEntry, type DocPage, formatDocPage } from "@optique/core/doc";
import { runParser } from "@optique/core/facade";
import { formatMessage, type Message, text } from "@optique/core/message";
import type { Texts } from "../text/texts.ts";
import type { CommandArgs } from "./command_args.ts";
import { COMMAND_NAMES, commandParser } from "./command_parsers.ts";
import { type Field, ParserBuilder } from "./parser_builder.ts";
import { UsageError } from "./usage_error.ts";
import { VERSION } from "./version.ts";

/** What a command line asks for: a command, or just a text on stdout (help, version, completions). */
export type CommandLine =
  | { readonly kind: "command"; readonly args: CommandArgs }
  | { readonly kind: "text"; readonly text: string };

/** Options for {@linkcode parseCommandLine}. */
export interface CommandLineOptions {
  readonly texts: Texts;
  /** Columns of the terminal; `undefined` does not wrap. */
  readonly width?: number | undefined;
  /** Whether help may have colours. @default {false} */
  readonly hasColors?: boolean;
}

const SHELLS = ["bash", "zsh", "fish", "nu", "pwsh"] as const;

/**
 * Parses the arguments after the program's name.
 *
 * @throws {UsageError} With one line for the user.
 */
export function parseCommandLine(args: readonly string[], options: CommandLineOptions): CommandLine {
  const { texts } = options;
  const first = args[0];
  if (first === undefined) return { kind: "text", text: texts.startHere };
  if (first === "completions" && !args.includes("--help") && !args.includes("-h")) checkShell(args[1], texts);
  const shown: string[] = [];
  let shownText: string | undefined;
  const show = (): undefined => {
    shownText = shown.join("\n");
    return undefined;
  };
  const value = runParser(parserFor(first, texts), "porthole", args, {
    brief: [text(texts.help.program)],
    help: {
      option: { names: ["-h", "--help"] },
      onShow: (_code, page): undefined => {
        shownText = formatHelp(page, options);
        return undefined;
      },
    },
    version: { value: VERSION, option: true, onShow: show },
    completion: { command: { names: ["completions"] }, onShow: show },
    usageLine: [{ type: "ellipsis" }],
    commandList: "top-level",
    aboveError: "none",
    stdout: (line) => shown.push(line),
    stderr: () => {},
    onError(_code, error): never {
      const words = formatMessage(error, { quotes: false }).replace(/\s*\n\s*/g, " ").replace(/\.$/, "");
      throw new UsageError([words, texts.usage.seeHelp(seeCommand(first))].join(texts.usage.joiner));
    },
  });
  return shownText === undefined ? { kind: "command", args: value } : { kind: "text", text: shownText };
}

/** One command's parser alone gives better errors and starts faster than a choice of all. */
function parserFor(name: string, texts: Texts): Field<CommandArgs> {
  const known = COMMAND_NAMES.find((command) => command === name);
  if (known !== undefined) return commandParser(known, texts);
  const [a, b, ...rest] = COMMAND_NAMES.map((command) => commandParser(command, texts));
  if (a === undefined || b === undefined) {
    throw new RangeError("Cannot build parser: fewer than two commands");
  }
  const builder = new ParserBuilder(texts);
  const names = [...COMMAND_NAMES, "completions", "--help", "--version"];
  return or(a, b, ...rest, {
    errors: {
      unexpectedInput: (token: string): Message => builder.unexpected(token, names),
      suggestions: (): Message => [],
    },
  }) as Field<CommandArgs>;
}

function formatHelp(page: DocPage, options: CommandLineOptions): string {
  const { texts, width, hasColors = false } = options;
  const sections = page.sections.map((section) => ({
    ...section,
    entries: section.entries.map((entry) => translate(entry, texts)),
  }));
  // Chinese has no spaces to wrap at; the terminal does better there.
  const wraps = width !== undefined && width >= 60 && texts.lang === "en";
  const help = formatDocPage("porthole", { ...page, sections }, {
    colors: hasColors,
    termWidth: "auto",
    ...(wraps ? { maxWidth: width } : {}),
  });
  return help.replace(/^(\S*)Usage: /m, `$1${texts.help.usage}`).trimEnd();
}

/** Puts the catalogue's words on what Optique adds by itself. */
function translate(entry: DocEntry, texts: Texts): DocEntry {
  const { term } = entry;
  const { help } = texts;
  if (term.type === "command" && term.name === "completions") {
    return { ...entry, description: [text(help.completions)] };
  }
  if (term.type !== "option") return entry;
  if (term.names.includes("--help")) return { ...entry, description: [text(help.help)] };
  if (term.names.includes("--version")) return { ...entry, description: [text(help.version)] };
  return entry;
}

function seeCommand(name: string): string {
  return COMMAND_NAMES.some((command) => command === name) ? `porthole ${name}` : "porthole";
}

function checkShell(shell: string | undefined, texts: Texts): void {
  if (shell === undefined) throw new UsageError(texts.usage.missingShell(SHELLS));
  if (!SHELLS.some((known) => known === shell)) throw new UsageError(texts.usage.badChoice(shell, SHELLS));
}
