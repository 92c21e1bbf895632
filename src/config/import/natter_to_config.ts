import { type Endpoint, formatEndpoint, type HostPort } from "../../core/endpoint.ts";
import type { Protocol } from "../../core/mapping.ts";
import type { Config, LogConfig } from "../config.ts";
import { ANNOUNCE_NOTE, became, type ImportedConfig, type ImportedTunnel, leftOut } from "./config_text.ts";
import type { NatterConfig } from "./natter_config.ts";
import { UniqueNames } from "./unique_name.ts";

/** Between Natter's keep-alives. */
const INTERVAL = "10s";
/** Natter waits for its hook for ever. */
const HOOK_LIMIT = "1h";

/** Translates Natter 0.9's configuration; `unknownKeys` are told as left out. */
export function natterToConfig(natter: NatterConfig, unknownKeys: readonly string[]): ImportedConfig {
  return {
    source: "natter-config.json of Natter 0.9",
    notes: [...notesOf(natter), ...unknownKeys.map((path) => leftOut(path, "Natter does not know it"))],
    config: topOf(natter),
    tunnels: tunnelsOf(natter),
  };
}

function topOf({ logging, statusReport, stunServer, keepAlive }: NatterConfig): ImportedConfig["config"] {
  const { hook, statusFile } = statusReport;
  return {
    log: { level: levelOf(logging.level), file: logging.logFile },
    stun: stunOf(stunServer),
    keepAlive: { tcp: [formatEndpoint(keepAlive)], interval: INTERVAL },
    hooks: hook === undefined ? undefined : [{ run: hook, style: "natter", timeout: HOOK_LIMIT }],
    status: statusFile === undefined ? undefined : { file: { path: statusFile, format: "natter" } },
  };
}

function levelOf(level: NatterConfig["logging"]["level"]): LogConfig["level"] {
  return level === "warning" ? "warn" : level;
}

function stunOf({ tcp, udp }: NatterConfig["stunServer"]): Config["stun"] {
  if (tcp.length === 0 && udp.length === 0) return undefined;
  const list = (servers: readonly HostPort[]): readonly string[] | undefined =>
    servers.length === 0 ? undefined : servers.map(formatEndpoint);
  return { tcp: list(tcp), udp: list(udp) };
}

function notesOf(
  { logging, statusReport, stunServer, keepAlive, openPort, forwardPort }: NatterConfig,
): string[] {
  const { hook, statusFile } = statusReport;
  return [
    ANNOUNCE_NOTE,
    "Relative paths count from this file's folder, not from the working directory.",
    became(`logging.level ${logging.level}`, '"log.level"'),
    logging.logFile === undefined ? leftOut("logging.log_file", "it names no file") : became(
      `logging.log_file ${logging.logFile}`,
      '"log.file"; it is rotated ("log.maxBytes", "log.maxFiles")',
    ),
    hook === undefined ? leftOut("status_report.hook", "it is empty") : became(
      "status_report.hook",
      '"hooks", in the style "natter"; one run may take an hour',
    ),
    statusFile === undefined
      ? leftOut("status_report.status_file", "it names no file")
      : became(`status_report.status_file ${statusFile}`, '"status.file", without entries that are gone'),
    ...(["tcp", "udp"] as const).flatMap((protocol) => [
      count(`open_port.${protocol}`, openPort[protocol].length),
      count(`forward_port.${protocol}`, forwardPort[protocol].length),
      stunServer[protocol].length === 0
        ? leftOut(`stun_server.${protocol}`, "it is empty, so that the built-in list is used")
        : became(`stun_server.${protocol}`, `"stun.${protocol}"`),
    ]),
    became(`keep_alive ${formatEndpoint(keepAlive)}`, '"keepAlive.tcp"; Natter asks every 10 s'),
  ];
}

function count(path: string, tunnels: number): string {
  return tunnels === 0 ? leftOut(path, "it is empty") : became(path, `"tunnels", ${tunnels} of them`);
}

function tunnelsOf({ openPort, forwardPort }: NatterConfig): readonly ImportedTunnel[] {
  const names = new UniqueNames();
  const tunnels: ImportedTunnel[] = [];
  for (const protocol of ["tcp", "udp"] as const) {
    for (const [bind, { port }] of distinct(openPort[protocol])) {
      const name = nameOf(protocol, port, names);
      tunnels.push({ notes: [`open_port.${protocol} ${bind}`], tunnel: { name, protocol, bind } });
    }
  }
  for (const protocol of ["tcp", "udp"] as const) {
    for (const [target, { port }] of distinct(forwardPort[protocol])) {
      const name = nameOf(protocol, port, names);
      tunnels.push({
        notes: [`forward_port.${protocol} ${target}`],
        tunnel: { name, protocol, forward: { target } },
      });
    }
  }
  return tunnels;
}

/** By their text; an entry that is there twice counts once. */
function distinct<T extends Endpoint | HostPort>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.map((entry) => [formatEndpoint(entry), entry]));
}

function nameOf(protocol: Protocol, port: number, names: UniqueNames): string {
  return names.take(`${protocol}-${port}`, protocol);
}
