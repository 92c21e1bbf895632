import { type Clock, delay, systemClock } from "../core/clock.ts";
import type { Endpoint } from "../core/endpoint.ts";
import { keepServing, type Serving } from "../core/keep_serving.ts";
import type { Logger } from "../core/log.ts";
import type { Secret } from "../core/secret.ts";
import type { Lang } from "../text/lang.ts";
import type { ServiceControl } from "./service_control.ts";
import { createStatusApp } from "./status_app.ts";
import { bindPrivately, prepareSocketPath } from "./unix_socket.ts";

/** Options for {@linkcode openStatusServer}. */
export interface StatusServerOptions {
  readonly control: ServiceControl;
  /** Unix socket; its mode guards it, so it asks for no token. */
  readonly socketPath?: string | undefined;
  /** A second Unix socket, for what comes from outside through sockets of the service manager: asks as TCP does. */
  readonly pagePath?: string | undefined;
  /** TCP; port 0 takes any. */
  readonly listen?: Endpoint | undefined;
  /** Asked for over TCP and at `pagePath`; absent: nobody is. */
  readonly token?: Secret | undefined;
  /** Language of the page. */
  readonly lang: Lang;
  readonly log: Logger;
  /** @default {systemClock} */
  readonly clock?: Clock;
}

/** Where a running service shows itself. Disposing ends every answer and removes the socket file. */
export interface StatusServer extends AsyncDisposable {
  readonly socketPath: string | undefined;
  /** With the real port. */
  readonly listen: Endpoint | undefined;
}

/** Answers under way get this long at the end. */
const GRACE_MS = 80;
/** From an answer that Deno took to one that the kernel has; nothing tells when. */
const FLUSH_MS = 20;

/**
 * Opens the status socket, the status page, or both.
 *
 * @throws {SocketInUseError} If another daemon answers on the socket.
 * @throws {SocketPathError} If the path cannot be a socket's.
 * @throws {Error} With the kernel's `code` for everything else; nothing is left open then.
 */
export async function openStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const { control, socketPath, pagePath, listen, token, lang, log, clock = systemClock } = options;
  await using opened = new AsyncDisposableStack();
  const shared = { control, lang, log, clock };
  const serveAt = async (path: string, app: AppOptions): Promise<void> => {
    await prepareSocketPath(path);
    let isLeft = false;
    opened.use(serve(app, (settings) => {
      // What a server that ended by itself left behind keeps the next one out.
      if (isLeft) removeIfThere(path);
      isLeft = true;
      return bindPrivately(path, () => Deno.serve({ ...settings, path }));
    }));
  };
  if (socketPath !== undefined) await serveAt(socketPath, { ...shared, guardsBrowsers: false });
  if (pagePath !== undefined) await serveAt(pagePath, { ...shared, token });
  let address: Endpoint | undefined;
  if (listen !== undefined) {
    opened.use(serve({ ...shared, token }, (settings) => {
      const server = Deno.serve({
        ...settings,
        hostname: listen.address,
        port: address?.port ?? listen.port,
      });
      address = { address: server.addr.hostname, port: server.addr.port };
      return server;
    }));
  }
  const owned = opened.move();
  return {
    socketPath,
    listen: address,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** What both kinds of listener are opened with. */
interface Settings {
  readonly signal: AbortSignal;
  readonly handler: (request: Request, info: Delivery) => Response | Promise<Response>;
  readonly onListen: () => void;
}

interface Delivery {
  /** Settles when Deno has taken the whole answer, or cannot. */
  readonly completed: Promise<void>;
}

type AppOptions = Omit<Parameters<typeof createStatusApp>[0], "closing">;

function serve(
  options: AppOptions,
  open: (settings: Settings) => Serving,
): AsyncDisposable {
  const { clock = systemClock, log } = options;
  const closing = new AbortController();
  const cutting = new AbortController();
  const pending = new Set<Promise<void>>();
  const app = createStatusApp({ ...options, closing: closing.signal });
  const { signal } = cutting;
  const settings: Settings = {
    signal,
    handler(request, { completed }): Response | Promise<Response> {
      const sent = completed.catch(() => {}).finally(() => pending.delete(sent));
      pending.add(sent);
      return app.fetch(request);
    },
    onListen: () => {},
  };
  const serving = keepServing(open(settings), {
    open: () => open(settings),
    ...{ clock, log, signal, subject: "the status" },
  });
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      closing.abort(new DOMException("The daemon is ending", "AbortError"));
      const ended = new AbortController();
      const pause = (ms: number): Promise<void> => delay(clock, ms, ended.signal).catch(() => {});
      if (pending.size > 0) {
        const done = Promise.all(pending).then(() => pause(FLUSH_MS));
        await Promise.race([done, pause(GRACE_MS)]);
      }
      ended.abort();
      // Not shutdown(): it waits for readers who do not read, and Deno cannot cut them any more once it was called.
      cutting.abort();
      await serving;
    },
  };
}
