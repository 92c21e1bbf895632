import { type Context, Hono } from "hono";
import { type Clock, systemClock } from "../core/clock.ts";
import { openDeadline } from "../core/deadline.ts";
import { errorMessage } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Secret } from "../core/secret.ts";
import type { Lang } from "../text/lang.ts";
import { textsOf } from "../text/texts.ts";
import { openEventStream } from "./event_stream.ts";
import { answerWith, destinationOf, targetAfter } from "./front_door.ts";
import { judgeHealth } from "./health_verdict.ts";
import { metricsText } from "./metrics_text.ts";
import type { ServiceControl } from "./service_control.ts";
import { hasToken, isForeignSite, isPrivateHost } from "./status_guard.ts";
import { renderStatusPage, statusPagePolicy } from "./status_page.ts";

/** Options for {@linkcode createStatusApp}. */
export interface StatusAppOptions {
  readonly control: ServiceControl;
  /** Language of the page. */
  readonly lang: Lang;
  readonly log: Logger;
  /** Asked for with each request; absent: whoever gets here may look. */
  readonly token?: Secret | undefined;
  /** Ends streams and lookups that are under way. */
  readonly closing: AbortSignal;
  /** Browsers may get here (TCP), so requests that another site's page makes are refused. @default {true} */
  readonly guardsBrowsers?: boolean;
  /** @default {systemClock} */
  readonly clock?: Clock;
}

/** A lookup that takes longer says enough. */
const VERIFY_LIMIT_MS = 20_000;
/** Each costs a subscription and, while its reader is behind, a buffer. */
const MAX_STREAMS = 64;

const HEADERS = {
  "cache-control": "no-store",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/**
 * What the status socket and the status page answer:
 *
 * - `GET /`: a page for people, `GET /status`: the snapshot as JSON, `GET /metrics`: Prometheus' text format;
 * - `GET /health?name=&maxAgeMs=`: 200 or 503 and the verdict;
 * - `POST /verify?name=`: looks the mappings up now and answers with the snapshot; 404 if there is no such tunnel;
 * - `GET /go/NAME/…`: 302 to the public endpoint of a TCP tunnel, path and query kept (`/go/NAME` leads to its root);
 * - `GET /events?clients=0`: every event from now on as JSON lines; `clients=0` leaves clients out.
 *
 * Faults are `{"error": …}`. Without a token, requests under a name of the public DNS are refused.
 */
export function createStatusApp(options: StatusAppOptions): Hono {
  const { control, lang, closing, clock = systemClock } = options;
  const texts = textsOf(lang);
  const app = new Hono();
  guard(app, options);
  app.get("/", async (c) => {
    c.header("content-security-policy", await statusPagePolicy());
    return c.html(renderStatusPage(control.snapshot(), texts));
  });
  app.get("/status", (c) => c.json(control.snapshot()));
  app.get("/metrics", (c) => {
    c.header("content-type", "text/plain; version=0.0.4; charset=utf-8");
    return c.body(metricsText(control.snapshot()));
  });
  app.get("/health", (c) => {
    const maxAgeMs = maxAgeOf(c);
    if (Number.isNaN(maxAgeMs)) return c.json({ error: "maxAgeMs is not a number of milliseconds" }, 400);
    const health = judgeHealth(control.snapshot(), {
      name: c.req.query("name"),
      maxAgeMs,
      now: clock.date(),
    });
    return c.json(health, health.healthy ? 200 : 503);
  });
  app.post("/verify", async (c) => {
    // A reader who went away needs no answer, but the lookups do no harm either.
    using deadline = openDeadline(VERIFY_LIMIT_MS, { clock, signal: closing });
    try {
      return c.json(await control.verify(c.req.query("name"), deadline.signal));
    } catch (error) {
      if (error instanceof RangeError) return c.json({ error: errorMessage(error) }, 404);
      if (deadline.signal.aborted) return c.json({ error: errorMessage(deadline.signal.reason) }, 504);
      throw error;
    }
  });
  app.get("/go/:name/*", (c) => goTo(c, control));
  app.get("/go/:name", (c) => goTo(c, control));
  addEvents(app, options);
  return app;
}

function guard(app: Hono, { token, log, guardsBrowsers = true }: StatusAppOptions): void {
  app.use(async (c, next) => {
    await next();
    for (const [key, value] of Object.entries(HEADERS)) c.header(key, value);
  });
  app.use(async (c, next) => {
    if (guardsBrowsers && token === undefined && !isPrivateHost(c.req.header("host"))) {
      return c.json({ error: "under this name the status page needs a token; configure status.token" }, 403);
    }
    if (guardsBrowsers && c.req.method === "POST" && isForeignSite(c.req.header("sec-fetch-site"))) {
      return c.json({ error: "requests of other sites are refused" }, 403);
    }
    if (token !== undefined && !hasToken(c.req.header("authorization"), token)) {
      c.header("www-authenticate", 'Basic realm="porthole", charset="UTF-8"');
      return c.json({ error: "the token is missing or wrong" }, 401);
    }
    return await next();
  });
  app.notFound((c) => c.json({ error: "there is nothing here" }, 404));
  app.onError((error, c) => {
    log.error("Cannot answer status request", { path: c.req.path, reason: errorMessage(error) });
    return c.json({ error: errorMessage(error) }, 500);
  });
}

function goTo(c: Context, control: Pick<ServiceControl, "snapshot">): Response {
  // The name as it is written in the path, escapes included.
  const [prefix = ""] = /^\/go\/[^/?]*/.exec(targetAfter(c.req.url, "")) ?? [];
  const target = targetAfter(c.req.url, prefix);
  const { tunnels } = control.snapshot();
  return answerWith(c, destinationOf(tunnels, { name: c.req.param("name"), target }), {});
}

function addEvents(app: Hono, { control, closing }: StatusAppOptions): void {
  let streams = 0;
  const counted: Pick<ServiceControl, "subscribe"> = {
    subscribe(reader): Disposable {
      const subscription = control.subscribe(reader);
      streams++;
      return {
        [Symbol.dispose](): void {
          subscription[Symbol.dispose]();
          streams--;
        },
      };
    },
  };
  app.get("/events", (c) => {
    if (streams >= MAX_STREAMS) return c.json({ error: "too many readers of events" }, 503);
    c.header("content-type", "application/x-ndjson");
    // Nobody would read the body of an answer to HEAD, nor cancel it.
    if (c.req.method === "HEAD") return c.body(null);
    return c.body(openEventStream(counted, { closing, withClients: c.req.query("clients") !== "0" }));
  });
}

/** NaN if it is none. */
function maxAgeOf(c: Context): number | undefined {
  const text = c.req.query("maxAgeMs");
  return text === undefined ? undefined : /^\d{1,12}$/.test(text) ? Number(text) : NaN;
}
