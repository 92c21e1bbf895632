import { orAborted } from "../core/aborting.ts";
import { type Clock, delay } from "../core/clock.ts";
import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage, PortholeError } from "../core/errors.ts";

/** Where bytes come from; `Deno.stdin` and connections are some. */
export interface ByteSource {
  /** Fills a part of the buffer; `null` is the end. */
  read(buffer: Uint8Array): Promise<number | null>;
}

/** Where bytes go to; `Deno.stdout` and connections are some. */
export interface ByteSink {
  /** Takes some of the bytes, and says how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** A connection whose sides end one by one; `Deno.TcpConn` is one. */
export interface ByteStream extends ByteSource, ByteSink {
  /** Ends our side (FIN). */
  closeWrite(): Promise<void>;
  /** Ends both. */
  close(): void;
}

/** What {@linkcode joinStdio} joins. */
export interface JoinStdioOptions {
  /** Goes to the peer; its end is our FIN. */
  readonly stdin: ByteSource;
  /** Gets what comes from the peer, and nothing else. */
  readonly stdout: ByteSink;
  /** Ends stdout at the peer's FIN. @returns Whether its reader sees that before the process ends. */
  readonly endStdout: () => boolean;
  /** Timers. */
  readonly clock: Clock;
  /** The connection; closed at the end. */
  readonly stream: ByteStream;
  /** Where it leads, for the error. */
  readonly endpoint: Endpoint;
  /** Ends it; its reason is thrown. */
  readonly signal: AbortSignal;
}

/** The connection broke; what came before was delivered. */
export class StreamLostError extends PortholeError {
  /** Name of the class. */
  override readonly name = "StreamLostError";
  /** For programs. */
  override readonly code = "stream_lost";

  /** `cause` is what the system said. */
  constructor(endpoint: Endpoint, cause: unknown) {
    const code = errorCode(cause);
    const reason = code === "ECONNRESET" || code === "EPIPE" ? "it was reset" : errorMessage(cause);
    super(`Cannot keep the connection to ${formatEndpoint(endpoint)}: ${reason}`, { cause });
  }
}

/** Two for each direction. Larger ones are no quicker with pipes, which hold 64 KiB. */
const BUFFER_BYTES = 131_072;
/** Whoever has something to say to a peer that has ended says it sooner. */
const LINGER_MS = 1000;

/**
 * Carries bytes both ways until both sides have ended. Each end goes on as an end, so that the other direction lives on;
 * a reader that does not keep up holds its sender back, and no more than two buffers a direction are in memory. Where the
 * peer's end cannot be told to our reader, it is told by ending soon after, when nothing more comes from stdin: else an
 * ssh would wait for ever for a server that has gone.
 *
 * @returns `done`, or `unread` if nobody reads our stdout any more.
 * @throws {StreamLostError} If the connection breaks.
 * @throws What reading our stdin, or writing our stdout, failed with.
 * @throws `signal.reason` if aborted.
 */
export async function joinStdio(options: JoinStdioOptions): Promise<"done" | "unread"> {
  const { stream, endpoint, signal } = options;
  const over = new AbortController();
  const broken = Promise.withResolvers<never>();
  // Nobody may wait for it any more.
  broken.promise.catch(() => {});
  const progress = { parts: 0 };
  const up = sendUp(options, progress).catch((error: unknown) => {
    // A peer that went away makes reading end too, and what it said before counts first; our stdin concerns us alone.
    if (error instanceof SourceError) broken.reject(error.cause);
    return { error };
  });
  try {
    const end = await orAborted(Promise.race([bringDown(options), broken.promise]), signal);
    if (end === "unread") return "unread";
    const rest = end === "ended" ? up : Promise.race([up, silence(progress, options.clock, over.signal)]);
    const failure = await orAborted(Promise.race([rest, broken.promise]), signal);
    if (failure !== undefined) throw new StreamLostError(endpoint, failure.error);
    return "done";
  } finally {
    over.abort();
    closeQuietly(stream);
  }
}

/** What was read from stdin so far. */
interface Progress {
  parts: number;
}

/** Reading from the source failed, as opposed to writing. */
class SourceError extends Error {}

async function sendUp({ stdin, stream }: JoinStdioOptions, progress: Progress): Promise<undefined> {
  await pump(stdin, stream, () => progress.parts++);
  await stream.closeWrite();
}

async function bringDown(
  { stream, stdout, endStdout, endpoint }: JoinStdioOptions,
): Promise<"ended" | "ended unseen" | "unread"> {
  try {
    await pump(stream, stdout);
  } catch (error) {
    if (error instanceof SourceError) throw new StreamLostError(endpoint, error.cause);
    if (error instanceof Deno.errors.BrokenPipe) return "unread";
    throw error;
  }
  return endStdout() ? "ended" : "ended unseen";
}

/** Waits until nothing has come from stdin for a while. */
async function silence(progress: Progress, clock: Clock, signal: AbortSignal): Promise<undefined> {
  for (let seen = -1; seen !== progress.parts;) {
    seen = progress.parts;
    await delay(clock, LINGER_MS, signal).catch(() => {}); // it is over, whichever way
  }
}

/** Reads the next part while the one before is written. */
async function pump(source: ByteSource, sink: ByteSink, onPart?: () => void): Promise<void> {
  let buffer = new Uint8Array(BUFFER_BYTES);
  let spare = new Uint8Array(BUFFER_BYTES);
  let reading = readPart(source, buffer);
  for (;;) {
    const part = await reading;
    if (part === undefined) return;
    onPart?.();
    reading = readPart(source, spare);
    // Its failure is met at the next turn, or never if writing fails before.
    reading.catch(() => {});
    await writeAll(sink, part);
    [buffer, spare] = [spare, buffer];
  }
}

async function readPart(source: ByteSource, buffer: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    const count = await source.read(buffer);
    return count === null ? undefined : buffer.subarray(0, count);
  } catch (error) {
    throw new SourceError("Cannot read", { cause: error });
  }
}

async function writeAll(sink: ByteSink, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await sink.write(rest));
}

function closeQuietly(stream: ByteStream): void {
  try {
    stream.close();
  } catch {
    // It is closed already.
  }
}
