import fc from "fast-check";
import type { ChangedEvent, MappedEvent } from "../../../src/core/mapping.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { WebhookOptions } from "../../../src/publish/options.ts";

/** News of the endpoint that the vectors of compat.md name. */
export function mapped(port = 14_500, address = "203.0.113.10"): MappedEvent {
  return {
    event: "mapped",
    name: "mc",
    protocol: "tcp",
    at: new Date("2026-11-21T02:00:00.000Z"),
    internal: { address: "192.168.1.2", port: 25_565 },
    external: { address, port },
  };
}

/** The same, with another port than before. */
export function changed(port: number): ChangedEvent {
  return { ...mapped(port), event: "changed", previous: mapped().external };
}

/** A web hook of the vectors in compat.md 5.3. */
export function hookTo(url: string, changes: Partial<WebhookOptions> = {}): WebhookOptions {
  return {
    provider: "webhook",
    url: new Secret(url),
    style: "json",
    domain: "example.com",
    subDomain: "mc",
    srvPrefix: "_minecraft._tcp.",
    ...changes,
  };
}

/** A request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  /** As it was sent, with its question mark. */
  readonly query: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A web server on loopback that keeps what it was asked. */
export interface HookServer extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
}

/** Opens one; `answer` is asked for each request. */
export function openHookServer(answer: (request: SeenRequest) => Response | Promise<Response>): HookServer {
  const seen: SeenRequest[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { method, headers, url } = request;
    const { pathname: path, search: query } = new URL(url);
    const one = { method, headers, path, query, body: await request.text() };
    seen.push(one);
    return answer(one);
  });
  return {
    seen,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Any text there is, halves of surrogate pairs included. */
export const anyText: fc.Arbitrary<string> = fc.string({
  unit: fc.oneof(fc.nat(0xffff), fc.nat(0x7f)).map((code) => String.fromCharCode(code)),
});
