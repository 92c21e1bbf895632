import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { Texts } from "../text/texts.ts";

/** What the test page shows; also its JSON. Endpoints are `ip:port`. */
export interface TestPageView {
  readonly visitor?: string;
  readonly name: string;
  readonly protocol: string;
  readonly internal?: string;
  readonly external?: string;
  readonly ip4p?: string;
  /** ISO 8601. */
  readonly since?: string;
}

/** The page as plain text, for curl. */
export function renderText(view: TestPageView, texts: Texts): string {
  const { page } = texts;
  const rows = rowsOf(view, texts).map(([label, value]) => `${label}: ${value}`);
  const steps = page.steps(view.internal ?? "").map((step) => `* ${step}`);
  return `${[page.works, "", page.lead, "", ...rows, "", `${page.next}:`, ...steps].join("\n")}\n`;
}

/** The page for browsers: one document, no script, nothing loaded from anywhere. */
export function renderHtml(view: TestPageView, texts: Texts): HtmlEscapedString | Promise<HtmlEscapedString> {
  const { page, lang } = texts;
  const rows = rowsOf(view, texts).map(([label, value]) =>
    html`
      <dt>${label}</dt>
      <dd>${value}</dd>
    `
  );
  const steps = page.steps(view.internal ?? "").map((step) => html`<li>${step}</li>`);
  return html`
    <!doctype html>
    <html lang="${lang}">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>${page.works}</title>
        <style>${raw(STYLE)}</style>
      </head>
      <body>
        <main>
          <h1>${page.works}</h1>
          <p>${page.lead}</p>
          <dl>${rows}</dl>
          <h2>${page.next}</h2>
          <ul>${steps}</ul>
          <footer>porthole</footer>
        </main>
      </body>
    </html>
  `;
}

/** Content-Security-Policy that allows our own style sheet and nothing else. */
export async function stylePolicy(): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(STYLE));
  const hash = new Uint8Array(digest).toBase64();
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; ` +
    "frame-ancestors 'none'";
}

function rowsOf(view: TestPageView, { page }: Texts): readonly (readonly [string, string])[] {
  const rows: readonly (readonly [string, string | undefined])[] = [
    [page.you, view.visitor],
    [page.external, view.external ?? page.opening],
    ["IP4P", view.ip4p],
    [page.internal, view.internal],
    [page.name, `${view.name} (${view.protocol})`],
    [page.since, view.since],
  ];
  return rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
}

const STYLE =
  `:root{color-scheme:light dark;--back:#f4f6f8;--card:#fff;--ink:#16202a;--soft:#5b6876;--mark:#0a7d43}
@media (prefers-color-scheme:dark){:root{--back:#10161c;--card:#1a232c;--ink:#e6edf3;--soft:#93a1b0;--mark:#4cc38a}}
*{box-sizing:border-box}
body{margin:0;padding:2rem 1rem;background:var(--back);color:var(--ink);font:16px/1.6 system-ui,sans-serif}
main{max-width:40rem;margin:0 auto;padding:2rem;background:var(--card);border-radius:14px}
h1{margin:0;color:var(--mark);font-size:2rem}
h2{margin:1.5rem 0 .5rem;font-size:1rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.25rem;margin:1.5rem 0 0}
dt{color:var(--soft)}
dd{margin:0;font-family:ui-monospace,monospace;overflow-wrap:anywhere}
ul{margin:0;padding-left:1.2rem}
footer{margin-top:1.5rem;color:var(--soft);font-size:.85rem}
@media (max-width:32rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.6rem}}
`;
