/** Values that explain a log line; secrets never belong here. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where parts report: one line per change, none in steady state. */
export interface Logger {
  /** Packets and decisions. */
  debug(message: string, fields?: LogFields): void;
  /** Changes. */
  info(message: string, fields?: LogFields): void;
  /** Something failed and is tried again. */
  warn(message: string, fields?: LogFields): void;
  /** Something was given up. */
  error(message: string, fields?: LogFields): void;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug(): void {},
  info(): void {},
  warn(): void {},
  error(): void {},
};
