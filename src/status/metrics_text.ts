import type { ClientsSnapshot, ServiceSnapshot, TunnelSnapshot } from "./service_snapshot.ts";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The snapshot in Prometheus' text format 0.0.4; names and labels never change their meaning. */
export function metricsText(snapshot: ServiceSnapshot): string {
  return metricsOf(snapshot).filter(({ samples }) => samples.length > 0).map(metricLines).join("");
}

function metricsOf(snapshot: ServiceSnapshot): readonly Metric[] {
  const { version, startedAt, configLoadedAt, configFault, tunnels } = snapshot;
  const each = (value: (tunnel: TunnelSnapshot) => number | undefined): readonly Sample[] =>
    tunnels.flatMap((tunnel) => {
      const number = value(tunnel);
      return number === undefined ? [] : [[labelsOf(tunnel), number] as const];
    });
  const age = ({ confirmedAt }: TunnelSnapshot): number | undefined =>
    confirmedAt === undefined
      ? undefined
      : Math.max(0, Date.parse(snapshot.at) - Date.parse(confirmedAt)) / 1000;
  return [
    gauge("porthole_up", "The daemon answers.", [[{ version }, 1]]),
    gauge("porthole_start_time_seconds", "When it started, as Unix time.", [[{}, seconds(startedAt)]]),
    gauge(
      "porthole_config_valid",
      "Whether the last try to load the configuration worked.",
      configLoadedAt === undefined ? [] : [[{}, configFault === undefined ? 1 : 0]],
    ),
    gauge(
      "porthole_tunnel_mapped",
      "Whether the tunnel has an external endpoint now.",
      each(({ state }) => state === "mapped" ? 1 : 0),
    ),
    counter(
      "porthole_tunnel_changes_total",
      "External endpoints other than the first one.",
      each(({ changes }) => changes),
    ),
    gauge("porthole_tunnel_confirmed_age_seconds", "Since a STUN server named the endpoint.", each(age)),
    counter("porthole_tunnel_hook_runs_total", "Runs of hooks.", each(({ hooks }) => sum(hooks, "runs"))),
    counter(
      "porthole_tunnel_hook_failures_total",
      "Runs of hooks that failed.",
      each(({ hooks }) => sum(hooks, "failures")),
    ),
    gauge(
      "porthole_tunnel_publish_failing",
      "Publishers whose last try failed.",
      each(({ publish }) => publish.filter(({ state }) => state === "failed").length),
    ),
    ...clientMetrics(tunnels),
  ];
}

function clientMetrics(tunnels: readonly TunnelSnapshot[]): readonly Metric[] {
  const each = (key: keyof Omit<ClientsSnapshot, "method">, more: Labels = {}): readonly Sample[] =>
    tunnels.flatMap((tunnel) =>
      tunnel.clients ? [[{ ...labelsOf(tunnel), ...more }, tunnel.clients[key]] as const] : []
    );
  return [
    gauge("porthole_tunnel_clients", "Connections or sessions now.", each("active")),
    counter("porthole_tunnel_clients_opened_total", "Connections or sessions so far.", each("opened")),
    counter("porthole_tunnel_clients_refused_total", "Clients turned away so far.", each("refused")),
    counter("porthole_tunnel_bytes_total", "Bytes forwarded, from (in) and to (out) clients.", [
      ...each("bytesIn", { direction: "in" }),
      ...each("bytesOut", { direction: "out" }),
    ]),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: "gauge", help, samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: "counter", help, samples };
}

function metricLines({ name, type, help, samples }: Metric): string {
  const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}`);
  return `${[`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join("\n")}\n`;
}

function labelsOf({ name, protocol }: TunnelSnapshot): Labels {
  return { name, protocol };
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function sum<K extends string>(items: readonly Readonly<Record<K, number>>[], key: K): number {
  return items.reduce((total, item) => total + item[key], 0);
}

function seconds(iso: string): number {
  return Date.parse(iso) / 1000;
}
