import type { Endpoint } from "../core/endpoint.ts";
import { keepServing } from "../core/keep_serving.ts";
import { createReflectorApp, type ReflectorAppOptions } from "./reflector_app.ts";

/** A certificate chain and its key, both PEM. */
export interface ReflectorTls {
  /** The chain, the server's own certificate first. */
  readonly cert: string;
  /** The private key. */
  readonly key: string;
}

/** The part of `Deno.serve` that is needed here. */
export type ReflectorServe = (
  options: Deno.ServeTcpOptions & Partial<ReflectorTls>,
  handler: Deno.ServeHandler<Deno.NetAddr>,
) => Pick<Deno.HttpServer<Deno.NetAddr>, "addr" | "finished">;

/** Options for {@linkcode openReflector}. */
export interface ReflectorOptions extends Omit<ReflectorAppOptions, "closing"> {
  /** Serves HTTPS. @default {plain HTTP} */
  readonly tls?: ReflectorTls | undefined;
  /** Opens a server. @default {Deno.serve} */
  readonly serve?: ReflectorServe | undefined;
}

/** A running reflector. Disposing ends its probes and closes it. */
export interface Reflector extends AsyncDisposable {
  /** With the real port. */
  readonly listen: Endpoint;
}

/**
 * Opens a reflector: the server that tries, from another host, whether its callers can be reached. It does not ask who
 * they are unless `accepts` does, so give that wherever strangers get to it. Should the server fail later (too many
 * connections for the process), it is opened again until it works.
 *
 * @throws {Error} With the system's `code` if it cannot listen.
 * @throws {Deno.errors.InvalidData} If the certificate or its key is none.
 */
// deno-lint-ignore require-await
export async function openReflector(options: ReflectorOptions): Promise<Reflector> {
  const { listen, tls, serve = Deno.serve, platform: { clock, log } } = options;
  const closing = new AbortController();
  const { signal } = closing;
  const app = createReflectorApp({ ...options, closing: signal });
  const open = (port: number): ReturnType<ReflectorServe> =>
    serve(
      { hostname: listen.address, port, signal, onListen: () => {}, ...tls },
      (request, info) => app.fetch(request, { remoteAddr: info.remoteAddr }),
    );
  const server = open(listen.port);
  const { hostname: address, port } = server.addr;
  const running = keepServing(server, {
    open: () => open(port),
    ...{ clock, log, signal, subject: "the reflector" },
  });
  return {
    listen: { address, port },
    async [Symbol.asyncDispose](): Promise<void> {
      closing.abort(new DOMException("The reflector is ending", "AbortError"));
      await running;
    },
  };
}
