import assert from "node:assert/strict";
import { metricsText } from "../../../src/status/metrics_text.ts";
import { after, service, tunnel } from "./status_rig.ts";

Deno.test("metricsText() tells of each tunnel, and escapes names", () => {
  const clients = { method: "relay" as const, active: 2, opened: 9, refused: 1, bytesIn: 100, bytesOut: 200 };
  const text = metricsText(service([
    tunnel({
      name: 'a"b\\c\nd',
      changes: 3,
      confirmedAt: after(-7).toISOString(),
      clients: { ...clients, bytesInPerSecond: 1, bytesOutPerSecond: 2 },
      hooks: [{ command: "x", runs: 5, failures: 2, skipped: 0 }],
    }),
    tunnel({ name: "b", protocol: "udp", state: "lost" }),
  ], { configLoadedAt: after(0).toISOString(), configFault: "line 3" }));
  const a = '{name="a\\"b\\\\c\\nd",protocol="tcp"';
  for (
    const line of [
      'porthole_up{version="0.1.0"} 1',
      "porthole_config_valid 0",
      `porthole_tunnel_mapped${a}} 1`,
      'porthole_tunnel_mapped{name="b",protocol="udp"} 0',
      `porthole_tunnel_changes_total${a}} 3`,
      `porthole_tunnel_confirmed_age_seconds${a}} 7`,
      `porthole_tunnel_hook_failures_total${a}} 2`,
      `porthole_tunnel_clients${a}} 2`,
      `porthole_tunnel_bytes_total${a},direction="in"} 100`,
      `porthole_tunnel_bytes_total${a},direction="out"} 200`,
    ]
  ) assert.ok(text.split("\n").includes(line), line);
});

Deno.test("metricsText() is well-formed: a help and a type line for each metric that has values", () => {
  for (const text of [metricsText(service([])), metricsText(service([tunnel()]))]) {
    assert.ok(text.endsWith("\n"));
    let current = "";
    for (const line of text.trimEnd().split("\n")) {
      const help = /^# HELP (\S+) .+$/.exec(line)?.[1];
      if (help !== undefined) current = help;
      else if (line.startsWith("#")) assert.match(line, new RegExp(`^# TYPE ${current} (gauge|counter)$`));
      else assert.match(line, new RegExp(`^${current}(\\{[^}]*\\})? -?[0-9.e+]+$`));
    }
  }
});
