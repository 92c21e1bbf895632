import type { LogFields, Logger } from "../../../core/log.ts";
import type { LogLevel } from "../../command_args.ts";
import { lineOfFields } from "../../log_fields.ts";
import { localTime } from "../../event_line.ts";
import type { Output } from "../../output.ts";

/** Options for {@linkcode Nat1Log}. */
export interface Nat1LogOptions {
  readonly output: Pick<Output, "line">;
  readonly date: () => Date;
  readonly isDebug: boolean;
}

const LEVELS: Readonly<Record<LogLevel, string>> = {
  debug: "DEBUG",
  info: "INFO",
  warn: "WARNING",
  error: "ERROR",
};

/**
 * Log lines in nat1_traversal's form, `[    INFO] message`; fields follow as `key=value`. While debugging is on, a line
 * with the time and the part of the program goes before each. Never throws, never waits.
 */
export class Nat1Log implements Logger {
  /** Whether debug lines are shown; SIGUSR1 and SIGUSR2 change it. */
  isDebug: boolean;
  readonly #options: Nat1LogOptions;

  constructor(options: Nat1LogOptions) {
    this.#options = options;
    this.isDebug = options.isDebug;
  }

  /** @inheritdoc */
  debug(message: string, fields?: LogFields): void {
    this.#log("debug", { message, fields, place: "nat1" });
  }

  /** @inheritdoc */
  info(message: string, fields?: LogFields): void {
    this.#log("info", { message, fields, place: "nat1" });
  }

  /** @inheritdoc */
  warn(message: string, fields?: LogFields): void {
    this.#log("warn", { message, fields, place: "nat1" });
  }

  /** @inheritdoc */
  error(message: string, fields?: LogFields): void {
    this.#log("error", { message, fields, place: "nat1" });
  }

  /**
   * The logger for the parts behind this front end. What they tell of their work is for debugging; the front end says
   * it in nat1_traversal's words.
   */
  forParts(): Logger {
    const at = (level: LogLevel) => (message: string, fields?: LogFields): void =>
      this.#log(level, { message, fields, place: "porthole" });
    return { debug: at("debug"), info: at("debug"), warn: at("warn"), error: at("error") };
  }

  #log(level: LogLevel, line: { message: string; fields: LogFields | undefined; place: string }): void {
    if (level === "debug" && !this.isDebug) return;
    const { output, date } = this.#options;
    const words = lineOfFields(line.message, line.fields);
    if (this.isDebug) output.line(`${localTime(date())} ${line.place}`);
    output.line(`[${LEVELS[level].padStart(8)}] ${words}`);
  }
}
