/** A request as the server got it. */
export interface ApiRequest {
  readonly method: string;
  /** Path alone, as sent: not decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: string;
  /** What the pattern of the route named, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

/** What the provider answers; what it throws becomes a 500 and fails the test when the server is disposed. */
export type ApiHandler = (request: ApiRequest) => Response | Promise<Response>;

/**
 * What goes wrong, instead of an answer or with it.
 *
 * - `status`: this status, and the request is not carried out.
 * - `truncated`: it is carried out, but only half of the answer's body comes.
 * - `html`: 200 with a page of a proxy, and the request is not carried out.
 * - `silent`: no answer before the server is disposed or healed, and the request is not carried out.
 */
export type ApiFault =
  | {
    readonly kind: "status";
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  }
  | { readonly kind: "truncated" | "html" | "silent" };

/** Options for {@linkcode ApiServer.fail}. */
export interface ApiFailOptions {
  /** So many requests are answered as ever first. @default {0} */
  readonly after?: number;
}

/** An HTTP API on loopback under the test's control. */
export interface ApiServer extends AsyncDisposable {
  /** As in `http://127.0.0.1:54321`. */
  readonly url: string;
  /** Every request, in order, those with a fault included. */
  readonly seen: readonly ApiRequest[];
  /** From now on every request meets this. */
  fail(fault: ApiFault, options?: ApiFailOptions): void;
  /** Answers again. */
  heal(): void;
  /** Resolves when a request waits for an answer that will not come. */
  reached(): Promise<void>;
}

/**
 * Opens a server on a free loopback port.
 *
 * Disposing throws what a handler threw, so that a strict handler may assert.
 *
 * @example
 * ```ts ignore
 * await using api = openApiServer(apiRoutes({
 *   "GET /zones/:zone/records": ({ params, query }) => Response.json(list(params["zone"], query)),
 * }));
 * api.fail({ kind: "status", status: 429, headers: { "retry-after": "7" } }, { after: 1 });
 * ```
 */
export function openApiServer(handler: ApiHandler): ApiServer {
  const seen: ApiRequest[] = [];
  const broken: unknown[] = [];
  let failing: { readonly fault: ApiFault; after: number } | undefined;
  let reached = Promise.withResolvers<void>();
  let release = Promise.withResolvers<void>();

  async function carryOut(request: ApiRequest): Promise<Response> {
    try {
      return await handler(request);
    } catch (error) {
      broken.push(error);
      return new Response("the test's server does not take this", { status: 500 });
    }
  }

  async function answer(raw: Request): Promise<Response> {
    const url = new URL(raw.url);
    const { method, headers } = raw;
    const body = await raw.text();
    const request = { method, headers, body, path: url.pathname, query: url.searchParams, params: {} };
    seen.push(request);
    if (failing === undefined || failing.after-- > 0) return await carryOut(request);
    const { fault } = failing;
    switch (fault.kind) {
      case "status":
        return new Response(fault.body ?? "", {
          status: fault.status,
          ...(fault.headers && { headers: fault.headers }),
        });
      case "truncated":
        return await truncate(await carryOut(request));
      case "html":
        return new Response("<!doctype html><title>Sign in</title>", {
          headers: { "content-type": "text/html" },
        });
      case "silent":
        reached.resolve();
        await release.promise;
        return new Response("too late", { status: 503 });
    }
  }

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  const heal = (): void => {
    failing = undefined;
    release.resolve();
    release = Promise.withResolvers<void>();
    reached = Promise.withResolvers<void>();
  };
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    seen,
    fail: (fault, { after = 0 } = {}): void => {
      heal();
      failing = { fault, after };
    },
    heal,
    reached: () => reached.promise,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      release.resolve();
      await server.shutdown();
      if (broken.length > 0) throw broken[0];
    },
  };
}

/**
 * A handler for each method and path pattern (URLPattern), as in `PATCH /zones/:zone/records/:id`; the first that fits
 * answers. What fits none throws: no request of a provider may be a surprise.
 */
export function apiRoutes(routes: Readonly<Record<string, ApiHandler>>): ApiHandler {
  const table = Object.entries(routes).map(([route, handler]) => {
    const [method = "", pathname = ""] = route.split(" ");
    return { method, handler, pattern: new URLPattern({ pathname }) };
  });
  return (request) => {
    for (const { method, handler, pattern } of table) {
      const match = pattern.exec({ pathname: request.path });
      if (method !== request.method || match === null) continue;
      const params = Object.entries(match.pathname.groups).map(
        ([name, value]) => [name, decodeURIComponent(value ?? "")],
      );
      return handler({ ...request, params: Object.fromEntries(params) });
    }
    throw new TypeError(`Cannot answer ${request.method} ${request.path}: no such route`);
  };
}

async function truncate(answer: Response): Promise<Response> {
  if (answer.body === null) return answer;
  const text = await answer.text();
  const { status, headers } = answer;
  headers.delete("content-length");
  return new Response(text.slice(0, Math.floor(text.length / 2)), { status, headers });
}
