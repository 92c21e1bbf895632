import type { Endpoint } from "../core/endpoint.ts";
import { formatEndpoint } from "../core/endpoint.ts";
import { systemClock } from "../core/clock.ts";
import { errorMessage } from "../core/errors.ts";
import { keepServing } from "../core/keep_serving.ts";
import { untilAborted } from "../core/aborting.ts";
import { createFrontDoor } from "../status/front_door.ts";
import type { TunnelSnapshot } from "../status/service_snapshot.ts";
import { fetchSnapshot } from "../status/status_client.ts";
import { visible } from "./status_table.ts";
import type { RedirectArgs } from "./redirect_args.ts";
import type { HostSession } from "./session.ts";
import { askDaemon, daemonSockets } from "./status_daemon.ts";

const DEFAULT_LISTEN: readonly Endpoint[] = [{ address: "0.0.0.0", port: 8080 }];
/** A page with many parts asks often; the daemon need not hear of each. */
const FRESH_MS = 500;

/** `porthole redirect`: serves until it is stopped; 1 if an address cannot be listened on. */
export async function runRedirect(args: RedirectArgs, session: HostSession): Promise<number> {
  const { texts, isJson, output, log, signal } = session;
  const watch = new TunnelWatch(args.socket, session);
  const { name, scheme, host } = args;
  const app = createFrontDoor({
    ...{ name, scheme, host },
    status: args.status === "307" ? 307 : 302,
    tunnels: () => watch.tunnels(),
    onAnswer: (path, destination) => log.debug("Browser sent on", { path, ...destination }),
  });
  await using servers = new AsyncDisposableStack();
  for (const { address, port } of args.listen.length === 0 ? DEFAULT_LISTEN : args.listen) {
    const open = (at: number): Deno.HttpServer<Deno.NetAddr> =>
      Deno.serve({ hostname: address, port: at, signal, onListen: () => {} }, app.fetch);
    const server = open(port);
    const serving = keepServing(server, {
      open: () => open(server.addr.port),
      ...{ clock: systemClock, log, signal, subject: "the front door" },
    });
    servers.defer(() => serving);
    const url = `http://${formatEndpoint({ address, port: server.addr.port })}/`;
    if (isJson) output.json({ event: "listening", url });
    else output.line(texts.redirect.listening(url));
  }
  await untilAborted(signal);
  return 0;
}

/** The daemon's tunnels, asked for at most twice a second. */
class TunnelWatch {
  readonly #paths: readonly string[];
  readonly #session: HostSession;
  #asked:
    | { readonly atMs: number; readonly answer: Promise<readonly TunnelSnapshot[] | undefined> }
    | undefined;
  #said: string | undefined;

  constructor(socket: string | undefined, session: HostSession) {
    this.#paths = daemonSockets(socket, session.host.readEnv);
    this.#session = session;
  }

  tunnels(): Promise<readonly TunnelSnapshot[] | undefined> {
    const now = performance.now();
    if (this.#asked === undefined || now - this.#asked.atMs > FRESH_MS) {
      this.#asked = { atMs: now, answer: this.#ask() };
    }
    return this.#asked.answer;
  }

  async #ask(): Promise<readonly TunnelSnapshot[] | undefined> {
    const { texts, log, signal } = this.#session;
    try {
      const { value } = await askDaemon(this.#paths, (path) => fetchSnapshot(path, { signal }));
      this.#said = undefined;
      return value.tunnels;
    } catch (error) {
      const reason = visible(errorMessage(error));
      if (reason !== this.#said && !signal.aborted) log.warn(texts.redirect.noDaemon(reason));
      this.#said = reason;
      return undefined;
    }
  }
}
