import type { LogFields, Logger } from "../core/log.ts";
import { LOG_LEVELS, type LogLevel } from "./command_args.ts";
import type { LogDisk } from "./log_disk.ts";
import type { LogSettings } from "./log_settings.ts";
import type { LogSinks } from "./log_sinks.ts";
import type { Output } from "./output.ts";

/** One log line before it is formatted. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  readonly at: Date;
}

/** Options for {@linkcode CliLogger}. */
export interface CliLoggerOptions extends LogSettings {
  /** Where lines go: stderr. */
  readonly output: Output;
  readonly date: () => Date;
  /** For the log file. @default the machine's */
  readonly disk?: LogDisk | undefined;
}

/**
 * The logger of the command line. The formatting library is loaded with the first line that is shown, so that a
 * quiet start does not pay for it; lines keep their time and their order. It never throws, and nothing waits for it.
 */
export class CliLogger implements Logger, AsyncDisposable {
  readonly #options: CliLoggerOptions;
  /** What is to be done, in order, once the library is there. */
  readonly #waiting: ((sinks: LogSinks) => void)[] = [];
  #least: number;
  #sinks: LogSinks | undefined;
  #loading: Promise<void> | undefined;

  constructor(options: CliLoggerOptions) {
    this.#options = options;
    this.#least = LOG_LEVELS.indexOf(options.level);
    if (options.file !== undefined) this.#loading = this.#load();
  }

  /**
   * Goes over to other settings, for lines from now on. A log file is opened at once, and anew even if nothing
   * changed, so that another program may have moved it away.
   */
  configure(settings: LogSettings): void {
    this.#least = LOG_LEVELS.indexOf(settings.level);
    if (this.#sinks !== undefined) return this.#sinks.configure(settings);
    this.#waiting.push((sinks) => sinks.configure(settings));
    if (settings.file !== undefined) this.#loading ??= this.#load();
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

  /** Waits until every line is with the output and the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loading;
    await this.#sinks?.[Symbol.asyncDispose]();
    await this.#options.output.flush();
  }

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (LOG_LEVELS.indexOf(level) < this.#least) return;
    const entry: LogEntry = { level, message, fields, at: this.#options.date() };
    if (this.#sinks !== undefined) return this.#sinks.write(entry);
    this.#waiting.push((sinks) => sinks.write(entry));
    this.#loading ??= this.#load();
  }

  async #load(): Promise<void> {
    const { LogSinks } = await import("./log_sinks.ts");
    const sinks = this.#sinks = new LogSinks({ ...this.#options, settings: this.#options });
    for (const step of this.#waiting.splice(0)) step(sinks);
  }
}
