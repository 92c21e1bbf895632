import type { Endpoint } from "../../../src/core/endpoint.ts";
import type { LogFields, Logger } from "../../../src/core/log.ts";
import type { Fetch } from "../../../src/reach/ask_http.ts";
import {
  createReflectorApp,
  type ProbeRecord,
  type ReflectorAppOptions,
} from "../../../src/reach/reflector_app.ts";
import { type FakeWorld, openFakeWorld } from "../../fakes/fake_world.ts";

/** Where the reflector listens. */
export const LISTEN: Endpoint = { address: "198.51.100.3", port: 8080 };
/** Where the caller comes from, as the reflector sees it. */
export const CALLER: Endpoint = { address: "203.0.113.10", port: 50_000 };
/** Base URL of the reflector. */
export const URL_BASE = "http://reflector.example/";

/** A reflector in a network in memory, asked without HTTP sockets. */
export class ReflectorRig {
  readonly lines: string[] = [];
  readonly world: FakeWorld;
  readonly probes: ProbeRecord[] = [];
  readonly closing: AbortController = new AbortController();
  /** Requests come from here. */
  caller: Endpoint = CALLER;
  /** Every request, as `METHOD path`. */
  readonly requests: string[] = [];
  readonly #app: ReturnType<typeof createReflectorApp>;

  constructor(options: Partial<ReflectorAppOptions> = {}) {
    const note = (level: string) => (message: string, fields: LogFields = {}): void => {
      this.lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    };
    const log: Logger = { debug: () => {}, info: note("info"), warn: note("warn"), error: note("error") };
    this.world = openFakeWorld(log);
    this.#app = createReflectorApp({
      platform: this.world.platform,
      listen: LISTEN,
      onProbe: (probe) => this.probes.push(probe),
      closing: this.closing.signal,
      ...options,
    });
  }

  /** Asks it; the fake clock may have to be advanced. */
  readonly fetch: Fetch = async (url, init) => {
    const request = new Request(url, init);
    this.requests.push(`${request.method} ${new URL(url).pathname}`);
    init.signal?.throwIfAborted();
    const { address, port } = this.caller;
    return await this.#app.fetch(request, { remoteAddr: { hostname: address, port } });
  };

  /** Asks, and lets ten seconds pass if that takes some. */
  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const asking = this.fetch(new URL(path, URL_BASE).href, init);
    await this.world.clock.advance(10_000);
    return await asking;
  }

  /** Posts a probe. */
  async probe(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return await this.ask("v1/probe", { method: "POST", body: JSON.stringify(body), headers });
  }

  /** Somebody accepts there, over TCP. */
  async accept(at: Endpoint): Promise<void> {
    await this.world.net.listenStream({
      local: at,
      onConnection: (connection) => ({ onData: () => {}, onEnd: () => connection.abort() }),
    });
  }
}
