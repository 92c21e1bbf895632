import http from "node:http";
import { type Clock, systemClock } from "../core/clock.ts";
import { openDeadline } from "../core/deadline.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import type { EventJson } from "../core/event_json.ts";
import type { ServiceSnapshot } from "./service_snapshot.ts";
import { NoDaemonError, StatusRequestError } from "./status_errors.ts";

/** Options of requests to the daemon. */
export interface StatusClientOptions {
  /** Ends the request with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** @default {systemClock} */
  readonly clock?: Clock;
}

const LIMIT_MS = 10_000;
const VERIFY_LIMIT_MS = 20_000;
/** Far more than thousands of tunnels need. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** Far more than an event needs. */
const MAX_LINE_CHARS = 1024 * 1024;

/**
 * How everything stands.
 *
 * @param path Unix socket of the daemon.
 * @throws {NoDaemonError} If nobody answers there.
 * @throws {StatusRequestError} If the daemon answers otherwise than with a snapshot, or refuses us.
 * @throws {TimeoutError} After 10 s.
 */
export function fetchSnapshot(path: string, options: StatusClientOptions = {}): Promise<ServiceSnapshot> {
  return request({ path, method: "GET", url: "/status", limitMs: LIMIT_MS }, options);
}

/** Options for {@linkcode requestVerify}. */
export interface VerifyOptions extends StatusClientOptions {
  /** Only this tunnel; all of them if `undefined`. */
  readonly name?: string | undefined;
}

/**
 * Makes the daemon look the mappings up now, and waits.
 *
 * @param path Unix socket of the daemon.
 * @returns How everything stands afterwards.
 * @throws {StatusRequestError} With `status` 404 if there is no tunnel of this name.
 * @throws {NoDaemonError | TimeoutError} As {@linkcode fetchSnapshot}; the limit is 20 s.
 */
export function requestVerify(path: string, options: VerifyOptions = {}): Promise<ServiceSnapshot> {
  const { name } = options;
  const url = name === undefined ? "/verify" : `/verify?name=${encodeURIComponent(name)}`;
  return request({ path, method: "POST", url, limitMs: VERIFY_LIMIT_MS }, options);
}

/**
 * Every event from now on but those about clients, until the daemon ends or `signal` is aborted; leaving the loop
 * ends it too.
 *
 * @param path Unix socket of the daemon.
 * @throws {NoDaemonError | StatusRequestError | TimeoutError} As {@linkcode fetchSnapshot}, before the first event.
 * @throws `signal.reason`, unchanged.
 */
export async function* followEvents(
  path: string,
  options: StatusClientOptions = {},
): AsyncGenerator<EventJson, void, undefined> {
  const { signal, clock = systemClock } = options;
  using deadline = openDeadline(LIMIT_MS, { clock, signal });
  const response = await open({ path, method: "GET", url: "/events?clients=0" }, deadline.signal);
  // From here on only the caller's signal ends it: days may pass between two events.
  deadline[Symbol.dispose]();
  const stop = (): void => void response.destroy();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    if (response.statusCode !== 200) throw refusal(response.statusCode, "");
    response.setEncoding("utf8");
    let rest = "";
    for await (const chunk of response) {
      const lines = `${rest}${chunk}`.split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MAX_LINE_CHARS) throw new StatusRequestError("a line is too long");
      for (const line of lines) yield JSON.parse(line);
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    // The daemon died: to who follows it, that is its end.
    if (errorCode(error) !== "ECONNRESET") throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    response.destroy();
  }
}

/** No socket, or nobody listens; a reset before any answer comes from a daemon that just ended. */
const NOBODY: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ECONNREFUSED", "ECONNRESET"]);

interface Target {
  /** Unix socket. */
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly url: string;
}

async function request(
  target: Target & { readonly limitMs: number },
  { signal, clock = systemClock }: StatusClientOptions,
): Promise<ServiceSnapshot> {
  using deadline = openDeadline(target.limitMs, { clock, signal });
  const response = await open(target, deadline.signal);
  const stop = (): void => void response.destroy();
  deadline.signal.addEventListener("abort", stop, { once: true });
  try {
    const text = await bodyOf(response);
    if (response.statusCode !== 200) throw refusal(response.statusCode, text);
    return snapshotOf(text);
  } catch (error) {
    if (deadline.signal.aborted) throw deadline.signal.reason;
    if (error instanceof StatusRequestError) throw error;
    throw new StatusRequestError(errorMessage(error), { cause: error });
  } finally {
    response.destroy();
  }
}

/** Resolves with the head of the answer. */
async function open({ path, method, url }: Target, signal: AbortSignal): Promise<http.IncomingMessage> {
  signal.throwIfAborted();
  const asked = http.request({ socketPath: path, path: url, method, agent: false });
  const stop = (): void => void asked.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      asked.once("response", resolve);
      asked.once("error", reject);
      asked.once("close", () => reject(new StatusRequestError("it hung up")));
      asked.end();
    });
  } catch (error) {
    asked.on("error", () => {
      // What a destroyed request says afterwards tells nothing new.
    });
    asked.destroy();
    if (signal.aborted) throw signal.reason;
    throw classify(error, path);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function classify(error: unknown, path: string): Error {
  const code = errorCode(error) ?? "";
  if (NOBODY.has(code)) {
    return new NoDaemonError([path], { cause: error });
  }
  if (error instanceof StatusRequestError) return error;
  const reason = code === "EACCES" || code === "EPERM"
    ? `this user may not open ${path}`
    : errorMessage(error);
  return new StatusRequestError(reason, { cause: error });
}

async function bodyOf(response: http.IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) throw new StatusRequestError("its answer is too long");
  }
  return text;
}

function refusal(status: number | undefined, body: string): StatusRequestError {
  let said: unknown;
  try {
    said = JSON.parse(body);
  } catch {
    // Not one of our answers; the status has to do.
  }
  const reason = typeof said === "object" && said !== null && "error" in said ? `${said.error}` : undefined;
  return new StatusRequestError(reason ?? `it answered with HTTP status ${status}`, { status });
}

function snapshotOf(text: string): ServiceSnapshot {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || !("tunnels" in value) || !Array.isArray(value.tunnels)) {
    throw new StatusRequestError("its answer is no snapshot");
  }
  return value as ServiceSnapshot;
}
