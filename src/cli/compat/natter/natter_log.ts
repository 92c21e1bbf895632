import type { LogFields, Logger } from "../../../core/log.ts";
import { LOG_LEVELS, type LogLevel } from "../../command_args.ts";
import { lineOfFields } from "../../log_fields.ts";
import { localTime } from "../../event_line.ts";

/** Takes lines; `Output` is one. */
export interface LineSink {
  line(text: string): void;
}

/** Writes one log line without its newline. */
export type NatterLogFormat = (level: LogLevel, message: string, at: Date) => string;

/** Options for {@linkcode NatterLogger}. */
export interface NatterLoggerOptions {
  readonly format: NatterLogFormat;
  /** Least important level to show. */
  readonly level: LogLevel;
  readonly sinks: readonly LineSink[];
  readonly date: () => Date;
}

const NATTER1_LEVELS = { debug: "DEBUG", info: "INFO", warn: "WARNING", error: "ERROR" } as const;
const NATTER2_LETTERS = { debug: "D", info: "I", warn: "W", error: "E" } as const;
const NATTER2_COLORS = { debug: "\x1b[90m", info: "", warn: "\x1b[33m", error: "\x1b[31m" } as const;

/** `[INFO] - message`, Natter 0.9's. */
export function natter1Format(level: LogLevel, message: string): string {
  return `[${NATTER1_LEVELS[level]}] - ${message}`;
}

/** `2024-01-31 12:00:00 [I] message`, Natter 2's. */
export function natter2Format(level: LogLevel, message: string, at: Date): string {
  return `${localTime(at)} [${NATTER2_LETTERS[level]}] ${message}`;
}

/** {@linkcode natter2Format} for terminals with colours. */
export function natter2ColorFormat(level: LogLevel, message: string, at: Date): string {
  const color = NATTER2_COLORS[level];
  const line = natter2Format(level, message, at);
  return color === "" ? line : `${color}${line}\x1b[0m`;
}

/** Log lines in a Natter's form; fields follow the message as `key=value`. Never throws, never waits. */
export class NatterLogger implements Logger {
  readonly #options: NatterLoggerOptions;
  readonly #least: number;

  constructor(options: NatterLoggerOptions) {
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

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (LOG_LEVELS.indexOf(level) < this.#least) return;
    const { format, sinks, date } = this.#options;
    const words = lineOfFields(message, fields);
    const line = format(level, words, date());
    for (const sink of sinks) sink.line(line);
  }
}
