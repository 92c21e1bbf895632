import {
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getTextFormatter,
  type LogRecord,
} from "@logtape/logtape";
import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import type { LogLevel } from "./command_args.ts";
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
  const fields = Object.entries(entry.fields).filter(([, value]) => value !== undefined);
  const tail = fields.map(([key, value]) => ` ${key}=${quote(plain(value))}`).join("");
  // Words from outside must neither break the line nor steer the terminal.
  const words = (format === "json" ? message : message + tail).replace(/\p{Cc}+/gu, " ");
  if (format === "journald") return `<${PRIORITIES[level]}>${words}`;
  const record: LogRecord = {
    category: ["porthole"],
    level: level === "warn" ? "warning" : level,
    message: [words],
    rawMessage: words,
    timestamp: at.getTime(),
    properties: Object.fromEntries(fields.map(([key, value]) => [key, plain(value)])),
  };
  return (format === "json" ? json : format === "color" ? color : text)(record).trimEnd();
}

/** Errors by their message, endpoints as people write them, secrets as `***`, the rest as it is. */
function plain(value: unknown): unknown {
  if (value instanceof Secret) return String(value);
  if (value instanceof Error) return errorMessage(value);
  if (isEndpoint(value)) return formatEndpoint(value);
  if (value instanceof Date) return value.toISOString();
  return typeof value === "bigint" ? String(value) : value;
}

function isEndpoint(value: unknown): value is Endpoint {
  return typeof value === "object" && value !== null && "address" in value && "port" in value &&
    typeof value.address === "string" && typeof value.port === "number";
}

function quote(value: unknown): string {
  const words = typeof value === "object" ? JSON.stringify(value) : String(value);
  return /^[^\s"=]+$/.test(words) ? words : JSON.stringify(words);
}
