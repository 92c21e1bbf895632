import {
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getTextFormatter,
  type LogRecord,
} from "@logtape/logtape";
import type { LogLevel } from "./command_args.ts";
import { lineOfFields, plainFields } from "./log_fields.ts";
import { localTime } from "./event_line.ts";
import type { LogEntry } from "./logger.ts";

/**
 * How log lines look: for people, for people at a colour terminal, for programs, or for systemd-journald, which takes
 * the priority from a `<N>` in front (sd-daemon(3)) and knows the time and the program itself.
 */
export type LogFormat = "text" | "color" | "json" | "journald";

/** Priorities of syslog(3). */
const PRIORITIES: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

const look = { timestamp: (ms: number): string => localTime(new Date(ms)), category: () => "porthole" };
const text = getTextFormatter(look);
const color = getAnsiColorFormatter(look);
const json = getJsonLinesFormatter({ categorySeparator: ".", message: "rendered", properties: "flatten" });

/** Formats one log line without the newline; fields follow the message as `key=value`. */
export function formatLog(entry: LogEntry, format: LogFormat): string {
  const { level, message, at } = entry;
  const words = lineOfFields(message, format === "json" ? {} : entry.fields);
  if (format === "journald") return `<${PRIORITIES[level]}>${words}`;
  const record: LogRecord = {
    category: ["porthole"],
    level: level === "warn" ? "warning" : level,
    message: [words],
    rawMessage: words,
    timestamp: at.getTime(),
    properties: { ...plainFields(entry.fields) },
  };
  return (format === "json" ? json : format === "color" ? color : text)(record).trimEnd();
}
