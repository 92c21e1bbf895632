import { programName } from "./program_name.ts";
import type { ReadEnv } from "../text/lang.ts";
import type { ByteSink } from "./output.ts";

/** The process around the command line, handed in so that tests need no process. */
export interface CliHost {
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  readonly readEnv: ReadEnv;
  /** Columns of the terminal at stdout; `undefined` if it is none. */
  readonly width: number | undefined;
  /** Whether stdout, or stderr, may have colours. */
  readonly hasColors: { readonly stdout: boolean; readonly stderr: boolean };
  readonly date: () => Date;
  /** The name this program was started under. */
  readonly programName: string;
  /** Ends the process at once; for the second signal only. */
  readonly exit: (code: number) => void;
}

/** The real process. `NO_COLOR` (any value but the empty one) turns colours off. */
export function systemHost(exit: (code: number) => void): CliHost {
  const readEnv: ReadEnv = (name) => Deno.env.get(name);
  const mayColor = !readEnv("NO_COLOR") && readEnv("TERM") !== "dumb";
  const isTerminal = Deno.stdout.isTerminal();
  return {
    stdout: Deno.stdout,
    stderr: Deno.stderr,
    readEnv,
    width: isTerminal ? Deno.consoleSize().columns : undefined,
    hasColors: { stdout: mayColor && isTerminal, stderr: mayColor && Deno.stderr.isTerminal() },
    date: () => new Date(),
    programName: programName(),
    exit,
  };
}
