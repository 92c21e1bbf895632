import type { Endpoint } from "../core/endpoint.ts";
import { createReflectorApp, type ReflectorAppOptions } from "./reflector_app.ts";

/** A certificate chain and its key, both PEM. */
export interface ReflectorTls {
  /** The chain, the server's own certificate first. */
  readonly cert: string;
  /** The private key. */
  readonly key: string;
}

/** Options for {@linkcode openReflector}. */
export interface ReflectorOptions extends Omit<ReflectorAppOptions, "closing"> {
  /** Serves HTTPS. @default {plain HTTP} */
  readonly tls?: ReflectorTls | undefined;
}

/** A running reflector. Disposing ends its probes and closes it. */
export interface Reflector extends AsyncDisposable {
  /** With the real port. */
  readonly listen: Endpoint;
}

/**
 * Opens a reflector: the server that tries, from another host, whether its callers can be reached. It does not ask who
 * they are unless `accepts` does, so give that wherever strangers get to it.
 *
 * @throws {Error} With the system's `code` if it cannot listen.
 * @throws {Deno.errors.InvalidData} If the certificate or its key is none.
 */
// deno-lint-ignore require-await
export async function openReflector(options: ReflectorOptions): Promise<Reflector> {
  const { listen, tls } = options;
  const closing = new AbortController();
  const app = createReflectorApp({ ...options, closing: closing.signal });
  const server = Deno.serve({
    hostname: listen.address,
    port: listen.port,
    signal: closing.signal,
    onListen: () => {},
    ...tls,
  }, (request, info) => app.fetch(request, { remoteAddr: info.remoteAddr }));
  return {
    listen: { address: server.addr.hostname, port: server.addr.port },
    async [Symbol.asyncDispose](): Promise<void> {
      closing.abort(new DOMException("The reflector is ending", "AbortError"));
      await server.finished;
    },
  };
}
