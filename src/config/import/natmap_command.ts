import { became, type ImportedTunnel, leftOut } from "./config_text.ts";
import { readNatmapArgs } from "./natmap_args.ts";
import { natmapTunnel, noteOfOption } from "./natmap_to_config.ts";
import { splitWords, type WordLine } from "./shell_words.ts";

/** A command of a script that one of the peers' programs would run. */
export interface ForeignCommand {
  readonly program: "natmap" | "natter";
  readonly argv: readonly string[];
  readonly source: WordLine;
}

/** What a script holds for us. */
export interface ForeignScript {
  readonly commands: readonly ForeignCommand[];
  /** Everything else, as it stands. */
  readonly others: readonly WordLine[];
}

/** Words in front of a command that change nothing about its arguments. */
const WRAPPERS: readonly string[] = ["sudo", "nohup", "exec", "setsid", "env", "command"];

/** Finds natmap and Natter command lines in a shell script or a systemd unit; the first word of each decides. */
export function readScript(text: string): ForeignScript {
  const commands: ForeignCommand[] = [];
  const others: WordLine[] = [];
  for (const source of splitWords(text, "shell")) {
    const command = commandOf(source.words);
    if (command === undefined) others.push(source);
    else commands.push({ ...command, source });
  }
  return { commands, others };
}

function commandOf(words: readonly string[]): Omit<ForeignCommand, "source"> | undefined {
  const [first = "", ...rest] = words;
  const word = first.replace(/^ExecStart=[-@:+!]*/, "");
  const program = word.split("/").at(-1) ?? "";
  if (program === "natmap") return { program, argv: rest };
  if (program === "natter" || program === "natter.py") return { program: "natter", argv: rest };
  const isSkipped = /^\w+=/.test(word) || WRAPPERS.includes(program) ||
    /^(python|porthole)[\d.]*$/.test(program);
  return isSkipped && rest.length > 0 ? commandOf(rest) : undefined;
}

/**
 * Translates one natmap command line into a tunnel.
 *
 * @returns What is wrong with it instead.
 */
export function readNatmapCommand(command: ForeignCommand, name: string): ImportedTunnel | string {
  const { argv, source } = command;
  if (source.isExpanded) return "a shell would replace parts of it ($, `); write their values out";
  const reading = readNatmapArgs(argv);
  if (reading.kind === "usage") return reading.reason;
  const { args, options, warnings } = reading;
  const redirection = source.isRedirected
    ? [leftOut("redirections", 'porthole logs to stderr, or "log.file"')]
    : [];
  const printed = args.script === undefined
    ? [became("the line on stdout for each mapping", "porthole run prints its own; --json for programs")]
    : [];
  const notes = [
    `natmap, line ${source.line}:`,
    ...options.map((option) => `  ${noteOfOption(option, args)}`),
    ...[...printed, ...redirection, ...warnings].map((note) => `  ${note}`),
  ];
  return { notes, tunnel: natmapTunnel(args, name) };
}
