import { LogFile } from "./log_file.ts";
import type { LogDisk } from "./log_disk.ts";
import { formatLog, type LogFormat } from "./log_format.ts";
import type { LogSettings } from "./log_settings.ts";
import type { LogEntry } from "./logger.ts";
import type { Output } from "./output.ts";

/** Options for {@linkcode LogSinks}. */
export interface LogSinksOptions {
  /** stderr. */
  readonly output: Output;
  readonly settings: LogSettings;
  readonly date: () => Date;
  /** @default the machine's */
  readonly disk?: LogDisk | undefined;
}

/**
 * Where log lines end: stderr always, a file if there is one. When the file fails, one warning on stderr says so;
 * no line is lost, because stderr has them all.
 */
export class LogSinks implements AsyncDisposable {
  readonly #options: LogSinksOptions;
  readonly #file: LogFile;
  #settings: LogSettings;

  constructor(options: LogSinksOptions) {
    this.#options = options;
    const { settings, disk } = options;
    this.#settings = settings;
    this.#file = new LogFile({
      onFault: (error) =>
        this.#tell({
          level: "warn",
          message: "Cannot write the log file; lines are on stderr only",
          fields: { error },
        }),
      onRecovered: (missedLines) =>
        this.#tell({ level: "info", message: "The log file works again", fields: { missedLines } }),
      ...(disk && { disk }),
    });
    if (settings.file !== undefined) this.#file.configure(settings.file);
  }

  /** Goes over to other settings; the file is opened anew. */
  configure(settings: LogSettings): void {
    const hadFile = this.#settings.file !== undefined;
    this.#settings = settings;
    if (hadFile || settings.file !== undefined) this.#file.configure(settings.file);
  }

  /** Writes one line everywhere; never waits, never throws. */
  write(entry: LogEntry): void {
    const { format, file } = this.#settings;
    this.#options.output.line(formatLog(entry, format));
    if (file !== undefined) this.#file.line(formatLog(entry, fileFormat(format)));
  }

  /** Waits until every line is where it belongs, and closes the file; stderr stays open. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]();
    await this.#options.output.flush();
  }

  /** About the file, so on stderr alone; whatever the level, because what people rely on is not there. */
  #tell({ level, message, fields }: Omit<LogEntry, "at">): void {
    const { output, date } = this.#options;
    const { format, file } = this.#settings;
    output.line(formatLog({ level, message, fields: { path: file?.path, ...fields }, at: date() }, format));
  }
}

function fileFormat(format: LogFormat): LogFormat {
  return format === "json" ? "json" : "text";
}
