import { Hono } from "hono";
import { canonicalAddress, familyOf, formatEndpoint } from "../core/endpoint.ts";
import { encodeIp4p } from "../core/ip4p.ts";
import type { MappingFields, Protocol } from "../core/mapping.ts";
import type { Lang } from "../text/lang.ts";
import { textsOf } from "../text/texts.ts";
import { renderHtml, renderText, stylePolicy, type TestPageView } from "./test_page_view.ts";

/** What the server hands in with each request. */
export interface TestPageBindings {
  /** Where the visitor comes from. */
  readonly remoteAddr: Deno.NetAddr;
}

/** A mapping, with the time it stands since if that is known; events of a tunnel are such. */
export type ShownMapping = MappingFields & { readonly at?: Date };

/** Options for {@linkcode createTestPage}. */
export interface TestPageOptions {
  /** The mapping as of now; `undefined` while there is none. */
  readonly getMapping: () => ShownMapping | undefined;
  readonly protocol: Protocol;
  /** Name of the tunnel. */
  readonly name: string;
  readonly lang: Lang;
}

/**
 * The page behind `open --test`: every path and method answers "It works!", the visitor's endpoint, the
 * mapping and what to do next. HTML for browsers, text for curl and whoever names no type, JSON for
 * `Accept: application/json`; `?format=html|text|json` overrides. Nothing a visitor sends is part of the answer.
 *
 * @returns A pure app value: no server, no state.
 */
export function createTestPage(options: TestPageOptions): Hono<{ Bindings: TestPageBindings }> {
  const { getMapping, protocol, name, lang } = options;
  const texts = textsOf(lang);
  const app = new Hono<{ Bindings: TestPageBindings }>();
  app.use(async (c, next) => {
    await next();
    for (const [key, value] of Object.entries(SECURITY_HEADERS)) c.header(key, value);
  });
  app.all("*", async (c) => {
    const format = chooseFormat({
      asked: c.req.query("format"),
      accept: c.req.header("accept") ?? "",
      agent: c.req.header("user-agent") ?? "",
    });
    const view = viewOf({ mapping: getMapping(), protocol, name, remote: c.env?.remoteAddr });
    switch (format) {
      case "json":
        return c.json({ works: true, ...view });
      case "text":
        return c.text(renderText(view, texts));
      case "html":
        c.header("content-security-policy", await stylePolicy());
        return c.html(renderHtml(view, texts));
    }
  });
  return app;
}

const SECURITY_HEADERS = {
  "cache-control": "no-store",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "vary": "accept, user-agent",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

interface Wishes {
  readonly asked: string | undefined;
  readonly accept: string;
  readonly agent: string;
}

function chooseFormat({ asked, accept, agent }: Wishes): "html" | "text" | "json" {
  if (asked === "html" || asked === "text" || asked === "json") return asked;
  if (/application\/json/i.test(accept)) return "json";
  if (/^(curl|wget)\b/i.test(agent)) return "text";
  return /text\/html/i.test(accept) ? "html" : "text";
}

interface Seen {
  readonly mapping: ShownMapping | undefined;
  readonly protocol: Protocol;
  readonly name: string;
  readonly remote: Deno.NetAddr | undefined;
}

function viewOf({ mapping, protocol, name, remote }: Seen): TestPageView {
  const external = mapping?.external;
  const address = remote && (canonicalAddress(remote.hostname) ?? remote.hostname);
  return {
    ...(remote && address ? { visitor: formatEndpoint({ address, port: remote.port }) } : {}),
    name,
    protocol,
    ...(mapping ? { internal: formatEndpoint(mapping.internal) } : {}),
    ...(external ? { external: formatEndpoint(external) } : {}),
    ...(external && familyOf(external.address) === 4 ? { ip4p: encodeIp4p(external) } : {}),
    ...(mapping?.at ? { since: mapping.at.toISOString() } : {}),
  };
}
