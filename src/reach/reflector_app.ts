import { type Context, Hono } from "hono";
import { scopeOf } from "../core/address_scope.ts";
import { openDeadline } from "../core/deadline.ts";
import { canonicalAddress, type Endpoint, familyOf, formatEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";
import { knock } from "./knock.ts";
import { type ProbeAnswer, probeAnswerToJson } from "./probe_answer.ts";
import { MOST_REQUEST_BYTES, parseProbeRequest, type ProbeRequest } from "./probe_request.ts";
import { ProbeLimits, type ProbeRefusal } from "./probe_limits.ts";
import { readBody } from "./read_body.ts";

/** What the server hands in with each request. */
export interface ReflectorBindings {
  /** The other end of the socket. */
  readonly remoteAddr: { readonly hostname: string; readonly port: number };
}

/** One probe, for the log. */
export interface ProbeRecord {
  /** Who asked. */
  readonly caller: Endpoint;
  /** Transport. */
  readonly protocol: ProbeRequest["protocol"];
  /** What came of it. */
  readonly answer: ProbeAnswer;
}

/** Options for {@linkcode createReflectorApp}. */
export interface ReflectorAppOptions {
  /** Network, clock and randomness. */
  readonly platform: Platform;
  /** Where callers reach it; probes come from this address unless it is the unspecified one. */
  readonly listen: Endpoint;
  /** Another address of this host, which no caller talks to: probes come from there, where the IP version allows. */
  readonly fromAddress?: string | undefined;
  /** Whether an `Authorization` header shows the token. @default {whoever gets here may ask} */
  readonly accepts?: ((authorization: string | undefined) => boolean) | undefined;
  /**
   * The caller is the last address of `X-Forwarded-For`, which a proxy of the operator's appends, and not the other end
   * of the socket. @default {false}
   */
  readonly isBehindProxy?: boolean | undefined;
  /** How much may be asked. @default {the usual limits} */
  readonly limits?: ProbeLimits | undefined;
  /** Told of every probe. */
  readonly onProbe?: ((probe: ProbeRecord) => void) | undefined;
  /** Ends the probes that are under way. */
  readonly closing: AbortSignal;
}

/** For a request of a few bytes, from a line that is worth probing. */
const BODY_LIMIT_MS = 5_000;

type ReflectorContext = Context<{ Bindings: ReflectorBindings; Variables: { caller: Endpoint } }>;

/**
 * What a reflector answers:
 *
 * - `POST /v1/probe` with a {@linkcode ProbeRequest}: tries the caller's own address at that port, once, and tells what
 *   came of it (`{"reachable":"yes","reason":"connected","ms":…,"from":…,"target":…,"fromAskedAddress":…}`);
 * - `GET /v1/me`: `{"address":…,"port":…}` of the caller.
 *
 * No request can name an address, nothing is followed or fetched, and over UDP no more is sent than 32 bytes three
 * times. Faults are `{"error": …}` with 400, 401, 403, 404, 408, 413, 429 or 503. Pages in browsers are refused.
 *
 * @returns A pure app value: no server.
 */
export function createReflectorApp(
  options: ReflectorAppOptions,
): Hono<{ Bindings: ReflectorBindings; Variables: { caller: Endpoint } }> {
  const { limits = new ProbeLimits(), platform: { clock, log }, closing } = options;
  const app = new Hono<{ Bindings: ReflectorBindings; Variables: { caller: Endpoint } }>();
  guard(app, options, limits);
  app.get("/v1/me", (c) => c.json(c.get("caller")));
  app.post("/v1/probe", async (c) => {
    using deadline = openDeadline(BODY_LIMIT_MS, { clock, signal: closing });
    const body = await readBody(c.req.raw, { mostBytes: MOST_REQUEST_BYTES, signal: deadline.signal });
    if (body.kind === "too-large") {
      return c.json({ error: `the body is over ${MOST_REQUEST_BYTES} bytes` }, 413);
    }
    if (body.kind === "broken") {
      return c.json({ error: "the body did not come in time, or is no UTF-8" }, 408);
    }
    const reading = parseProbeRequest(body.text);
    if (reading.kind === "fault") return c.json({ error: reading.reason }, 400);
    const caller = c.get("caller");
    const turn = limits.enter(caller.address, clock.now());
    if (turn.kind === "refused") return refuse(c, turn);
    using _turn = turn;
    const answer = await probe(reading.request, caller, options);
    options.onProbe?.({ caller, protocol: reading.request.protocol, answer });
    return c.json(probeAnswerToJson(answer));
  });
  app.notFound((c) => c.json({ error: "there is nothing here" }, 404));
  app.onError((error, c) => {
    if (closing.aborted) return c.json({ error: "the reflector is ending" }, 503);
    log.error("Cannot answer a request", { path: c.req.path, reason: errorMessage(error) });
    return c.json({ error: "the reflector failed" }, 500);
  });
  return app;
}

function guard(
  app: ReturnType<typeof createReflectorApp>,
  { isBehindProxy = false, accepts, platform: { clock, log } }: ReflectorAppOptions,
  limits: ProbeLimits,
): void {
  app.use(async (c, next) => {
    c.header("cache-control", "no-store");
    c.header("x-content-type-options", "nosniff");
    // A page somewhere must not make its visitor's browser ask: without a token, on loopback, it could.
    if (c.req.header("origin") !== undefined) return c.json({ error: "pages in browsers are refused" }, 403);
    const caller = callerOf(c, isBehindProxy);
    if (caller === undefined) return c.json({ error: "the caller's address is not known" }, 400);
    const turn = limits.admit(caller.address, clock.now());
    if (turn.kind === "refused") return refuse(c, turn);
    if (accepts !== undefined && !accepts(c.req.header("authorization"))) {
      log.warn("The token is missing or wrong", { caller: formatEndpoint(caller) });
      c.header("www-authenticate", "Bearer");
      return c.json({ error: "the token is missing or wrong" }, 401);
    }
    c.set("caller", caller);
    return await next();
  });
}

function refuse(c: ReflectorContext, { retryAfterMs }: ProbeRefusal): Response {
  c.header("retry-after", `${Math.max(1, Math.ceil(retryAfterMs / 1000))}`);
  return c.json({ error: "too many requests" }, 429);
}

/** `undefined` if a proxy in front does not say who calls, or says what cannot be. */
function callerOf(c: ReflectorContext, isBehindProxy: boolean): Endpoint | undefined {
  if (!isBehindProxy) {
    const { hostname, port } = c.env.remoteAddr;
    const address = canonicalAddress(hostname);
    return address === undefined ? undefined : { address, port };
  }
  const last = c.req.header("x-forwarded-for")?.split(",").at(-1)?.trim() ?? "";
  const address = canonicalAddress(last.replace(/^\[(.*)\]$/, "$1"));
  // A proxy that passes on what callers write would let them look around inside.
  const isCaller = address !== undefined && !address.includes("%") &&
    !["loopback", "link-local", "unspecified", "multicast"].includes(scopeOf(address));
  return isCaller ? { address, port: 0 } : undefined;
}

async function probe(
  { protocol, port, send, payload, timeoutMs }: ProbeRequest,
  caller: Endpoint,
  { platform, listen, fromAddress, closing }: ReflectorAppOptions,
): Promise<ProbeAnswer> {
  const target = { address: caller.address, port };
  const family = familyOf(caller.address);
  const isOther = fromAddress !== undefined && familyOf(fromAddress) === family;
  const isBound = familyOf(listen.address) === family && scopeOf(listen.address) !== "unspecified";
  const from = isOther ? fromAddress : isBound ? listen.address : undefined;
  const finding = await knock(target, {
    ...{ platform, protocol, from, send, expect: payload, limitMs: timeoutMs, signal: closing },
  });
  return {
    reachable: finding.state,
    reason: finding.reason,
    ms: finding.ms ?? 0,
    target,
    from: finding.from,
    fromAskedAddress: !isOther,
    error: finding.detail,
  };
}
