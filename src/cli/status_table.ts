import { publisherName } from "../status/publisher_name.ts";
import { formatAge, formatBytes } from "../status/amounts.ts";
import type { HookSnapshot, ServiceSnapshot, TunnelSnapshot } from "../status/service_snapshot.ts";
import type { Texts } from "../text/texts.ts";
import { columnsOf, padColumns } from "./demo_layout.ts";

/** Options for {@linkcode statusLines}. */
export interface StatusLinesOptions {
  readonly texts: Texts;
  /** @default {false} */
  readonly hasColors?: boolean;
}

/**
 * What `porthole status` shows: a line about the service, a line for each tunnel, and what is in trouble below it.
 * Columns that no tunnel has anything for are left out. Nothing that came from outside can steer the terminal.
 */
export function statusLines(snapshot: ServiceSnapshot, options: StatusLinesOptions): readonly string[] {
  const { texts: { status } } = options;
  const { tunnels, configFault } = snapshot;
  return [
    headLine(snapshot, status),
    ...(configFault === undefined ? [] : [visible(status.configFault(configFault))]),
    "",
    ...(tunnels.length === 0 ? [status.noTunnels] : tableLines(snapshot, options)),
  ];
}

type StatusTexts = Texts["status"];

function headLine(
  { version, pid, startedAt, at, config, tunnels }: ServiceSnapshot,
  status: StatusTexts,
): string {
  const mapped = tunnels.filter(({ state }) => state === "mapped").length;
  const parts = [
    `porthole ${version}`,
    `PID ${pid}`,
    status.upFor(formatAge(Date.parse(at) - Date.parse(startedAt), status)),
    status.summary(`${mapped}`, `${tunnels.length}`),
    ...(config === undefined ? [] : [config]),
  ];
  return visible(parts.join("  "));
}

const GREEN = "\x1b[32m";
const RED = "\x1b[31m";
const YELLOW = "\x1b[33m";
const PLAIN = "\x1b[0m";
const STATE_COLUMN = 2;

function tableLines(snapshot: ServiceSnapshot, { texts, hasColors = false }: StatusLinesOptions): string[] {
  const { status } = texts;
  const { columns } = status;
  const heads = [
    columns.name,
    columns.protocol,
    columns.state,
    columns.internal,
    columns.external,
    columns.target,
    columns.clients,
  ];
  const rows = snapshot.tunnels.map((tunnel) => cellsOf(tunnel, snapshot.at, status).map(visible));
  const widths = heads.map((head, i) =>
    Math.max(...[head, ...rows.map((row) => row[i] ?? "")].map(columnsOf))
  );
  const isUsed = heads.map((_, i) => i <= STATE_COLUMN || rows.some((row) => row[i] !== ""));
  const line = (cells: readonly string[], color = ""): string =>
    cells.map((cell, i) => {
      const padded = padColumns(cell || "-", widths[i] ?? 0);
      return color !== "" && i === STATE_COLUMN ? `${color}${padded}${PLAIN}` : padded;
    }).filter((_, i) => isUsed[i]).join("  ").trimEnd();
  return [
    line(heads),
    ...snapshot.tunnels.flatMap((tunnel, i) => [
      line(rows[i] ?? [], hasColors ? colorOf(tunnel.state) : ""),
      ...troubles(tunnel, status).map((trouble) => `  ${visible(trouble)}`),
    ]),
  ];
}

function colorOf(state: TunnelSnapshot["state"]): string {
  return state === "mapped" ? GREEN : state === "opening" ? YELLOW : RED;
}

function cellsOf(tunnel: TunnelSnapshot, at: string, status: StatusTexts): readonly string[] {
  const { name, protocol, state, since, internal = "", external = "", target = "", clients } = tunnel;
  const age = formatAge(Date.parse(at) - Date.parse(since), status);
  const perSecond = clients === undefined ? 0 : clients.bytesInPerSecond + clients.bytesOutPerSecond;
  const rate = perSecond === 0 ? "" : ` ${formatBytes(perSecond)}/s`;
  return [
    name,
    protocol,
    `${status.states[state]} ${age}`,
    internal,
    external,
    target,
    clients === undefined ? "" : `${clients.active}${rate}`,
  ];
}

function troubles(tunnel: TunnelSnapshot, status: StatusTexts): readonly string[] {
  const { state, reason, reachability, evidence = "", hooks, publish } = tunnel;
  return [
    ...(state === "mapped" || reason === undefined ? [] : [reason]),
    ...(reachability === "unverified" ? [status.unverified(evidence)] : []),
    ...hooks.flatMap((hook) => hookTrouble(hook, status)),
    ...publish.filter((news) => news.state === "failed")
      .map(({ reason: why = "", ...publisher }) => status.publishFailing(publisherName(publisher), why)),
  ];
}

function hookTrouble(hook: HookSnapshot, status: StatusTexts): readonly string[] {
  const { command, status: exit, error, output } = hook;
  if (error === undefined && (exit === undefined || exit === 0)) return [];
  const why = error ?? status.hookExit(`${exit}`);
  return [status.hookFailing(command, output === undefined ? why : `${why} (${output})`)];
}

/**
 * Text from outside (names, outputs of hooks) for a terminal: control characters and those that turn the direction of
 * writing are shown as `?`.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, "?");
}
