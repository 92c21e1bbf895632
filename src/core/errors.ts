/**
 * Base of the conditions that someone will handle; match on class or `code`, never on the message.
 */
export abstract class PortholeError extends Error {
  /** What it is, for programs; literal in each class. */
  abstract readonly code: string;
}

/** A wait ended because its time was up. */
export class TimeoutError extends PortholeError {
  /** Name of the class. */
  override readonly name = "TimeoutError";
  /** For programs. */
  override readonly code = "timeout";
}

/** Reads `code` from whatever was thrown: `"EADDRINUSE"`, `"stun_timeout"`, … */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** The message of whatever was thrown, on one line. */
export function errorMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\s*\n\s*/g, " ");
}

/**
 * Kernel refusals that pass by themselves: lost packets, routes and links that come back, buffers that drain.
 * Linux answers EPERM to a send that a local firewall rule dropped.
 */
const TRANSIENT: ReadonlySet<string> = new Set([
  "EAGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "EINTR",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOBUFS",
  "EPERM",
  "EPIPE",
  "ETIMEDOUT",
  "stun_timeout",
  "timeout",
]);

/** Whether trying again later can help. */
export function isTransient(error: unknown): boolean {
  return TRANSIENT.has(errorCode(error) ?? "");
}
