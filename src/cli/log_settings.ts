import type { LogConfig } from "../config/config.ts";
import type { LogLevel } from "./command_args.ts";
import type { LogFileSettings } from "./log_file.ts";
import type { LogFormat } from "./log_format.ts";

/** What is logged, and where besides stderr. */
export interface LogSettings {
  /** Least important level to show. */
  readonly level: LogLevel;
  /** Of the lines on stderr; a file has neither colours nor journald's priorities. */
  readonly format: LogFormat;
  /** Gets every line as well. */
  readonly file?: LogFileSettings | undefined;
}

/** What the command line says about the log; it comes before the configuration. */
export interface LogFlags {
  /** Only errors. */
  readonly quiet: boolean;
  readonly logLevel: LogLevel | undefined;
  readonly json: boolean;
  /** Whether stderr may have colours. */
  readonly isColored: boolean;
}

/** A month of a quiet service fits. */
const DEFAULT_MAX_BYTES = 1_048_576;
const DEFAULT_MAX_FILES = 5;

/** Joins `log` of a configuration with the command line's flags. Pure; `log.file` is taken as it is. */
export function logSettings(config: LogConfig | undefined, flags: LogFlags): LogSettings {
  const { level, format = "text", file, maxBytes = DEFAULT_MAX_BYTES, maxFiles = DEFAULT_MAX_FILES } =
    config ?? {};
  return {
    level: flags.quiet ? "error" : flags.logLevel ?? level ?? "info",
    format: flags.json ? "json" : format === "text" && flags.isColored ? "color" : format,
    file: file === undefined ? undefined : { path: file, maxBytes, maxFiles },
  };
}
