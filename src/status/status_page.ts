import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { Texts } from "../text/texts.ts";
import { publisherName } from "./publisher_name.ts";
import { formatAge, formatBytes } from "./amounts.ts";
import type { HookSnapshot, ServiceSnapshot, TunnelSnapshot } from "./service_snapshot.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./status_page_assets.ts";

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** The status page for people: one document, everything in it escaped, nothing loaded from anywhere else. */
export function renderStatusPage(snapshot: ServiceSnapshot, texts: Texts): Html {
  const { status, lang } = texts;
  const mapped = snapshot.tunnels.filter(({ state }) => state === "mapped").length;
  const summary = status.summary(`${mapped}`, `${snapshot.tunnels.length}`);
  return html`
    <!doctype html>
    <html lang="${lang}">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <noscript><meta http-equiv="refresh" content="15"></noscript>
        <title>${summary} - porthole</title>
        <style>${raw(PAGE_STYLE)}</style>
      </head>
      <body>
        <main>
          <h1>${status.page.title}</h1>
          <p>${summary}</p>
          ${fault(snapshot, texts)} ${table(snapshot, texts)}
          <footer>${footer(snapshot, texts)}</footer>
        </main>
        <script>${raw(PAGE_SCRIPT)}</script>
      </body>
    </html>
  `;
}

/** Content-Security-Policy that allows our own style sheet and script, questions to our own server, and nothing else. */
export async function statusPagePolicy(): Promise<string> {
  const [style, script] = await Promise.all([PAGE_STYLE, PAGE_SCRIPT].map(hashOf));
  return `default-src 'none'; style-src '${style}'; script-src '${script}'; connect-src 'self'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${new Uint8Array(digest).toBase64()}`;
}

function fault({ configFault }: ServiceSnapshot, { status }: Texts): Html | "" {
  return configFault === undefined ? "" : html`<p class="fault">${status.configFault(configFault)}</p>`;
}

function footer({ version, pid, startedAt, at, config }: ServiceSnapshot, { status }: Texts): string {
  const parts = [
    `porthole ${version}`,
    `PID ${pid}`,
    status.upFor(ageOf(startedAt, { at, status })),
    ...(config === undefined ? [] : [`${status.page.config}: ${config}`]),
    at,
  ];
  return parts.join(" · ");
}

function table({ tunnels, at }: ServiceSnapshot, texts: Texts): Html {
  const { status: { columns, page, noTunnels } } = texts;
  if (tunnels.length === 0) return html`<p>${noTunnels}</p>`;
  const heads = [
    columns.name,
    columns.protocol,
    columns.state,
    columns.external,
    columns.internal,
    columns.target,
    columns.clients,
    page.confirmed,
  ];
  return html`
    <table>
      <thead>
        <tr>${heads.map((head) => html`<th>${head}</th>`)}</tr>
      </thead>
      <tbody>${tunnels.map((tunnel) => [row(tunnel, at, texts), notes(tunnel, texts)])}</tbody>
    </table>
  `;
}

function row(tunnel: TunnelSnapshot, at: string, { status }: Texts): Html {
  const { name, protocol, state, since, internal, external, ip4p, target, confirmedAt } = tunnel;
  const { columns, page } = status;
  const mark = { at, status };
  return html`
    <tr>
      <td data-label="${columns.name}">${name}</td>
      <td data-label="${columns.protocol}">${protocol}</td>
      <td data-label="${columns.state}" class="${state}" title="${since}">
        ${status.states[state]} <small>${ageOf(since, mark)}</small>
      </td>
      <td data-label="${columns.external}" class="mono">${external ?? "-"} <small>${ip4p ?? ""}</small></td>
      <td data-label="${columns.internal}" class="mono">${internal ?? "-"}</td>
      <td data-label="${columns.target}" class="mono">${target ?? "-"}</td>
      <td data-label="${columns.clients}">${clients(tunnel)}</td>
      <td data-label="${page.confirmed}" title="${confirmedAt ?? ""}">
        ${confirmedAt === undefined ? "-" : page.ago(ageOf(confirmedAt, mark))}
      </td>
    </tr>
  `;
}

function clients({ clients }: TunnelSnapshot): Html | string {
  if (clients === undefined) return "-";
  const { active, bytesIn, bytesOut, bytesInPerSecond, bytesOutPerSecond } = clients;
  const now = `${formatBytes(bytesInPerSecond)}/s ↓ ${formatBytes(bytesOutPerSecond)}/s ↑`;
  return html`${active} <small>${now}</small><small>${formatBytes(bytesIn)} ↓ ${
    formatBytes(bytesOut)
  } ↑</small>`;
}

/** A second row, where there is more to say. */
function notes(tunnel: TunnelSnapshot, texts: Texts): Html | "" {
  const lines = noteLines(tunnel, texts);
  if (lines.length === 0) return "";
  const items = lines.map(({ text, isBad }) => html`<div class="${isBad ? "bad" : ""}">${text}</div>`);
  return html`
    <tr class="note">
      <td colspan="8">${items}</td>
    </tr>
  `;
}

interface Note {
  readonly text: string;
  readonly isBad: boolean;
}

function noteLines(tunnel: TunnelSnapshot, { status }: Texts): readonly Note[] {
  const { page } = status;
  const { reason, reachability, evidence = "", changes, hooks, publish } = tunnel;
  const note = (text: string): Note => ({ text, isBad: false });
  return [
    ...(reason === undefined ? [] : [{ text: reason, isBad: tunnel.state !== "opening" }]),
    ...(reachability === "reachable"
      ? [note(`${page.reachability}: ${page.reachable} (${evidence})`)]
      : reachability === "unverified"
      ? [note(status.unverified(evidence))]
      : []),
    ...(changes === 0 ? [] : [note(`${page.changes}: ${changes}`)]),
    ...hooks.map((hook) => hookNote(hook, status)),
    ...publish.map(({ state, external, reason: why = "", ...publisher }) =>
      state === "published"
        ? note(`${page.publish}: ${publisherName(publisher)}, ${external}`)
        : { text: status.publishFailing(publisherName(publisher), why), isBad: true }
    ),
  ];
}

function hookNote(hook: HookSnapshot, status: Texts["status"]): Note {
  const { command, runs, failures, status: exit, error } = hook;
  const counts = status.page.hookRuns(`${runs}`, `${failures}`);
  const why = error ?? (exit === 0 || exit === undefined ? undefined : status.hookExit(`${exit}`));
  return why === undefined
    ? { text: `${status.page.hooks}: ${command} (${counts})`, isBad: false }
    : { text: `${status.hookFailing(command, why)} (${counts})`, isBad: true };
}

interface Mark {
  readonly at: string;
  readonly status: Texts["status"];
}

function ageOf(iso: string, { at, status }: Mark): string {
  return formatAge(Date.parse(at) - Date.parse(iso), status);
}
