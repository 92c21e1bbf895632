import type { LogFields, Logger } from "../core/log.ts";
import { LOG_LEVELS, type LogLevel } from "./command_args.ts";
import type { formatLog, LogFormat } from "./log_format.ts";
import type { Output } from "./output.ts";

/** One log line before it is formatted. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  readonly at: Date;
}

/** Options for {@linkcode CliLogger}. */
export interface CliLoggerOptions {
  /** Where lines go: stderr. */
  readonly output: Output;
  /** Least important level to show. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly date: () => Date;
}

/**
 * The logger of the command line. The formatting library is loaded with the first line that is shown, so that a
 * quiet start does not pay for it; lines keep their time and their order.
 */
export class CliLogger implements Logger, AsyncDisposable {
  readonly #options: CliLoggerOptions;
  readonly #least: number;
  readonly #waiting: LogEntry[] = [];
  #format: typeof formatLog | undefined;
  #loading: Promise<void> | undefined;

  constructor(options: CliLoggerOptions) {
    this.#options = options;
    this.#least = LOG_LEVELS.indexOf(options.level);
  }

  /** @inheritdoc */
  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }

  /** @inheritdoc */
  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }

  /** @inheritdoc */
  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }

  /** @inheritdoc */
  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  /** Waits until every line is with the output. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loading;
    await this.#options.output.flush();
  }

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (LOG_LEVELS.indexOf(level) < this.#least) return;
    this.#waiting.push({ level, message, fields, at: this.#options.date() });
    if (this.#format !== undefined) this.#write(this.#format);
    else this.#loading ??= this.#load();
  }

  async #load(): Promise<void> {
    const { formatLog } = await import("./log_format.ts");
    this.#format = formatLog;
    this.#write(formatLog);
  }

  #write(format: typeof formatLog): void {
    for (const entry of this.#waiting.splice(0)) {
      this.#options.output.line(format(entry, this.#options.format));
    }
  }
}
