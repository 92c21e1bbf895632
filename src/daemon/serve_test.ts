import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import { keepServing, type Serving } from "../core/keep_serving.ts";
import type { MappingFields } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import type { Service } from "../keeper/serving_turn.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import type { Lang } from "../text/lang.ts";
import type { CheckTokens } from "./check_tokens.ts";

/** What the test service of a tunnel needs. */
export interface ServeTestOptions {
  readonly plan: TunnelPlan;
  readonly platform: Platform;
  readonly tokens: CheckTokens;
  readonly lang: Lang;
  readonly getMapping: () => MappingFields | undefined;
}

/** Path and datagram prefix by which the self-check is told from visitors. */
export const CHECK_PREFIX = "/.porthole-check/";

/** Stopping must not wait for a visitor who keeps a connection open. */
const SHUTDOWN_LIMIT_MS = 100;

/**
 * Serves the test page (TCP) or the test answer (UDP) on the internal endpoint, or nothing where the plan says so.
 *
 * @throws {Error} With the kernel's `code` if the endpoint cannot be bound.
 */
export function serveTest(internal: Endpoint, options: ServeTestOptions): Promise<Service> {
  const { plan } = options;
  if (!plan.servesTestPage) return Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() });
  return plan.protocol === "tcp" ? servePage(internal, options) : serveAnswer(internal, options);
}

async function servePage(internal: Endpoint, options: ServeTestOptions): Promise<Service> {
  const { plan, platform, tokens, lang, getMapping } = options;
  const { createTestPage } = await import("../status/test_page.ts");
  const app = createTestPage({ getMapping, protocol: plan.protocol, name: plan.name, lang });
  const handle: Deno.ServeHandler<Deno.NetAddr> = (request, info) => {
    const path = new URL(request.url).pathname;
    if (path.startsWith(CHECK_PREFIX) && tokens.accept(path.slice(CHECK_PREFIX.length))) {
      return new Response(undefined, { status: 204, headers: { connection: "close" } });
    }
    return app.fetch(request, { remoteAddr: info.remoteAddr });
  };
  let listening: AsyncDisposable | undefined = listenPage(internal, platform, handle);
  const stop = async (): Promise<void> => {
    const server = listening;
    listening = undefined;
    await server?.[Symbol.asyncDispose]();
  };
  return {
    suspend: stop,
    // deno-lint-ignore require-await
    resume: async (): Promise<void> => {
      listening ??= listenPage(internal, platform, handle);
    },
    [Symbol.asyncDispose]: stop,
  };
}

function listenPage(
  internal: Endpoint,
  platform: Platform,
  handle: Deno.ServeHandler<Deno.NetAddr>,
): AsyncDisposable {
  const closing = new AbortController();
  const { clock, log } = platform;
  const { signal } = closing;
  const open = (): Serving =>
    Deno.serve({
      hostname: internal.address,
      port: internal.port,
      reusePort: true,
      signal,
      onListen: () => {},
      onError: (error) => {
        log.warn("The test page failed", { reason: errorMessage(error) });
        return new Response("Internal error\n", { status: 500 });
      },
    }, handle);
  const serving = keepServing(open(), { open, clock, log, signal, subject: "the test page" });
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      closing.abort();
      const limit = Promise.withResolvers<void>();
      using _timer = clock.schedule(SHUTDOWN_LIMIT_MS, () => limit.resolve());
      await Promise.race([serving, limit.promise]);
    },
  };
}

/** An amplifier would be abused: the answer is never longer than a short request needs, and nothing answers itself. */
const ANSWER: Uint8Array = new TextEncoder().encode("It works!\n");

async function serveAnswer(internal: Endpoint, options: ServeTestOptions): Promise<Service> {
  const { platform, tokens, plan } = options;
  const prefix = new TextEncoder().encode(CHECK_PREFIX);
  const socket = await platform.net.openDatagram({
    local: internal,
    device: plan.device,
    mark: plan.mark,
    reusePort: true,
    onDatagram: (data, from) => {
      const isCheck = prefix.every((byte, i) => data[i] === byte);
      if (isCheck) return void tokens.accept(new TextDecoder().decode(data.subarray(prefix.length)));
      const isOwnAnswer = data.length === ANSWER.length && ANSWER.every((byte, i) => data[i] === byte);
      if (isOwnAnswer) return;
      try {
        socket.send(ANSWER, from);
      } catch (error) {
        platform.log.debug("Cannot answer", { visitor: formatEndpoint(from), reason: errorMessage(error) });
      }
    },
  });
  return {
    [Symbol.asyncDispose]: (): Promise<void> => {
      socket[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
