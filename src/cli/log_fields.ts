import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { LogFields } from "../core/log.ts";
import { Secret } from "../core/secret.ts";

/** Fields of a log line that have a value, for programs: errors by their message, endpoints as people write them. */
export function plainFields(fields: LogFields): Readonly<Record<string, unknown>> {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([key, value]) => [key, plain(value)]));
}

/**
 * A log line for people: the message, and its fields as `key=value`. Words from outside can neither break the line nor
 * steer the terminal; secrets are `***`.
 */
export function lineOfFields(message: string, fields: LogFields = {}): string {
  const tail = Object.entries(plainFields(fields)).map(([key, value]) => ` ${key}=${quote(value)}`);
  return [message, ...tail].join("").replace(/\p{Cc}+/gu, " ");
}

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
