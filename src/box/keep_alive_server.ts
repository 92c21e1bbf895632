import type { Clock } from "../core/clock.ts";
import type { Endpoint } from "../core/endpoint.ts";
import type { Net, StreamConnection, StreamHandlers, StreamListener } from "../core/net.ts";

/**
 * How the server treats requests: `normal` answers and keeps the connection; `close-after-answer` and
 * `close-after` (counted from the connection's start) end it; `error` answers with that status and keeps it;
 * `silent` never answers.
 */
export type KeepAliveMode =
  | { readonly kind: "normal" }
  | { readonly kind: "close-after-answer" }
  | { readonly kind: "close-after"; readonly delayMs: number }
  | { readonly kind: "error"; readonly status: number }
  | { readonly kind: "silent" };

/** Options for {@linkcode openKeepAliveServer}. */
export interface KeepAliveServerOptions {
  readonly net: Net;
  readonly clock: Clock;
  /** Port 0 takes any. */
  readonly listen: Endpoint;
  /** @default {{ kind: "normal" }} */
  readonly mode?: KeepAliveMode | undefined;
}

/** A request head longer than this ends the connection. */
const HEAD_MAX_BYTES = 16 * 1024;
/** A character for every byte, so that a cut anywhere does no harm. */
const LATIN1 = new TextDecoder("latin1");

/** Opens a {@linkcode KeepAliveServer}. */
export function openKeepAliveServer(options: KeepAliveServerOptions): Promise<KeepAliveServer> {
  return KeepAliveServer.open(options);
}

/**
 * A small HTTP server as keep-alive host of demo and tests: it answers `HEAD` and `GET` of anything with 200 and
 * an empty or short body, pipelined requests in order. Disposing ends it and resets its connections.
 */
export class KeepAliveServer implements Disposable {
  readonly #net: Net;
  readonly #clock: Clock;
  readonly #connections = new Map<StreamConnection, Disposable | undefined>();
  #mode: KeepAliveMode;
  #local: Endpoint;
  #listener: StreamListener | undefined;
  #requestCount = 0;
  #acceptedCount = 0;

  private constructor(options: KeepAliveServerOptions) {
    this.#net = options.net;
    this.#clock = options.clock;
    this.#local = options.listen;
    this.#mode = options.mode ?? { kind: "normal" };
  }

  /** @throws {Error} With the kernel's `code` if it cannot listen. */
  static async open(options: KeepAliveServerOptions): Promise<KeepAliveServer> {
    const server = new KeepAliveServer(options);
    await server.start();
    return server;
  }

  /** Where it listens, or did before {@linkcode KeepAliveServer.stop}. */
  get local(): Endpoint {
    return this.#local;
  }

  /** Requests so far. */
  get requestCount(): number {
    return this.#requestCount;
  }

  /** Connections accepted so far. */
  get acceptedCount(): number {
    return this.#acceptedCount;
  }

  /** Connections open now. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Changes how later requests and connections are treated. */
  setMode(mode: KeepAliveMode): void {
    this.#mode = mode;
  }

  /**
   * Listens again, on the same endpoint.
   *
   * @throws {Error} With the kernel's `code` if it cannot listen.
   */
  async start(): Promise<void> {
    if (this.#listener !== undefined) return;
    this.#listener = await this.#net.listenStream({
      local: this.#local,
      onConnection: (connection) => this.#serve(connection),
    });
    this.#local = this.#listener.local;
  }

  /** Dies: connections are reset, new ones refused. */
  stop(): void {
    this.#listener?.[Symbol.dispose]();
    this.#listener = undefined;
    for (const connection of [...this.#connections.keys()]) {
      this.#forget(connection);
      connection.abort();
    }
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #serve(connection: StreamConnection): StreamHandlers {
    this.#acceptedCount++;
    const mode = this.#mode;
    const timer = mode.kind === "close-after"
      ? this.#clock.schedule(mode.delayMs, () => connection.end())
      : undefined;
    this.#connections.set(connection, timer);
    let head = "";
    return {
      onData: (data): void => {
        head = this.#answerAll(connection, head + LATIN1.decode(data));
        if (head.length > HEAD_MAX_BYTES) {
          this.#forget(connection);
          connection.abort();
        }
      },
      onEnd: (): void => {
        this.#forget(connection);
        connection.end();
      },
    };
  }

  #forget(connection: StreamConnection): void {
    this.#connections.get(connection)?.[Symbol.dispose]();
    this.#connections.delete(connection);
  }

  /** Answers each complete request and returns what is left. */
  #answerAll(connection: StreamConnection, text: string): string {
    let rest = text;
    for (let end = rest.indexOf("\r\n\r\n"); end >= 0; end = rest.indexOf("\r\n\r\n")) {
      const method = rest.slice(0, rest.indexOf(" "));
      rest = rest.slice(end + 4);
      this.#requestCount++;
      this.#answer(connection, method);
    }
    return rest;
  }

  #answer(connection: StreamConnection, method: string): void {
    const mode = this.#mode;
    if (mode.kind === "silent") return;
    const closes = mode.kind === "close-after-answer";
    const status = mode.kind === "error" ? `${mode.status} Error` : "200 OK";
    const body = "ok\n";
    const head = [
      `HTTP/1.1 ${status}`,
      "Content-Type: text/plain",
      `Content-Length: ${body.length}`,
      `Connection: ${closes ? "close" : "keep-alive"}`,
    ].join("\r\n");
    const text = `${head}\r\n\r\n${method === "HEAD" ? "" : body}`;
    connection.write(new TextEncoder().encode(text));
    if (closes) connection.end();
  }
}
