import assert from "node:assert/strict";
import { columnsOf } from "../../../src/cli/demo_layout.ts";
import { statusLines } from "../../../src/cli/status_table.ts";
import type { ServiceSnapshot } from "../../../src/status/service_snapshot.ts";
import { type Lang, LANGS } from "../../../src/text/lang.ts";
import { textsOf } from "../../../src/text/texts.ts";
import { after, service, tunnel } from "../status/status_rig.ts";

const clients = {
  ...{ method: "relay" as const, active: 12, opened: 90, refused: 1, bytesIn: 1500, bytesOut: 200 },
  ...{ bytesInPerSecond: 1_000_000, bytesOutPerSecond: 230_000 },
};
const usual: ServiceSnapshot = service([
  tunnel({
    ...{ name: "nas-https", internal: "192.168.1.2:34567", external: "203.0.113.10:64500" },
    ...{ target: "192.168.1.100:443", clients, since: after(-(12 * 24 + 5) * 3600).toISOString() },
  }),
  tunnel({ name: "我的世界", protocol: "udp", target: "192.168.1.50:19132" }),
], { config: "/etc/porthole/porthole.json", startedAt: after(-90).toISOString() });

function lines(snapshot: ServiceSnapshot, lang: Lang = "en"): readonly string[] {
  return statusLines(snapshot, { texts: textsOf(lang) });
}

Deno.test("statusLines() shows the service and a line for each tunnel", () => {
  assert.deepEqual(lines(usual), [
    "porthole 0.1.0  PID 42  up 1m  2 of 2 tunnel(s) mapped  /etc/porthole/porthole.json",
    "",
    "NAME       PROTO  STATE         INTERNAL           EXTERNAL            TARGET              CLIENTS",
    "nas-https  tcp    mapped 12d5h  192.168.1.2:34567  203.0.113.10:64500  192.168.1.100:443   12 1.23 MB/s",
    "我的世界   udp    mapped 0s     192.168.1.2:3456   203.0.113.10:14500  192.168.1.50:19132  -",
  ]);
});

Deno.test("statusLines() keeps columns under each other, wide characters included", () => {
  for (const lang of LANGS) {
    const [head = "", ...rows] = lines(usual, lang).slice(2);
    const column = textsOf(lang).status.columns.external;
    const start = columnsOf(head.slice(0, head.indexOf(column)));
    for (const row of rows) assert.equal(columnsOf(row.slice(0, row.indexOf("203.0.113.10"))), start, row);
  }
});

Deno.test("statusLines() fits 100 columns in the usual case, and leaves out columns that nobody needs", () => {
  const plain = service([tunnel({ name: "ssh" }), tunnel({ name: "web", target: "192.168.1.100:443" })]);
  for (const line of lines(plain)) assert.ok(columnsOf(line) <= 100, line);
  assert.match(lines(plain)[2] ?? "", /TARGET$/);
  assert.match(lines(service([tunnel()]))[2] ?? "", /EXTERNAL$/);
  const { internal: _internal, external: _external, ...opening } = tunnel({ state: "opening" });
  assert.equal(lines(service([opening]))[2], "NAME  PROTO  STATE");
});

Deno.test("statusLines() says below a tunnel what is in trouble, and nothing of what is not", () => {
  const at = after(0).toISOString();
  const fine = { command: "fine.sh", runs: 3, failures: 1, skipped: 0, status: 0, output: "ok", at };
  const bad = { command: "bad.sh", runs: 3, failures: 1, skipped: 0, status: 7, output: "no disk", at };
  const shown = lines(service([tunnel({
    ...{ state: "lost", reason: "no answer for 60 s", reachability: "unverified", evidence: "nobody came" },
    hooks: [fine, bad, { ...fine, command: "gone.sh", error: "no such file" }],
    publish: [
      { provider: "a", state: "published", external: "x", at },
      { provider: "webhook", state: "failed", external: "x", reason: "HTTP 500", at },
    ],
  })], { configFault: "porthole.json:3:7: unknown key" }));
  assert.equal(shown[1], "The changed configuration was not taken over: porthole.json:3:7: unknown key");
  assert.deepEqual(shown.slice(5), [
    "  no answer for 60 s",
    "  not verified from outside: nobody came",
    "  hook bad.sh failed: exit status 7 (no disk)",
    "  hook gone.sh failed: no such file (ok)",
    "  not published by webhook: HTTP 500",
  ]);
  const mapped = lines(service([tunnel({ reachability: "reachable", evidence: "x", hooks: [fine] })]));
  assert.equal(mapped.length, 4);
});

Deno.test("statusLines() lets nothing from outside steer the terminal", () => {
  const evil = "a\x1b[2J\r\n\u202eb\u2028\x9bc";
  const hook = { command: evil, runs: 1, failures: 1, skipped: 0, status: 1, output: evil };
  const text = lines(
    service([tunnel({ name: evil, state: "lost", reason: evil, target: evil, hooks: [hook] })], {
      ...{ config: evil, configFault: evil },
    }),
  ).join("");
  assert.doesNotMatch(text, /[\p{Cc}\u202e\u2028]/u);
  assert.ok(text.includes("a?[2J???b??c"));
});

Deno.test("statusLines() colours the state only, and only where asked", () => {
  const colored = statusLines(service([tunnel(), tunnel({ state: "lost" })]), {
    texts: textsOf("en"),
    hasColors: true,
  });
  assert.ok(colored[3]?.startsWith("ssh   tcp    \x1b[32mmapped 0s\x1b[0m  192"), colored[3]);
  assert.ok(colored[4]?.includes("\x1b[31mlost 0s  \x1b[0m"), colored[4]);
  assert.ok(!lines(usual).join("").includes("\x1b"));
});

Deno.test("statusLines() says so where there are no tunnels", () => {
  assert.deepEqual(lines(service([])).slice(1), ["", "No tunnels."]);
  assert.deepEqual(lines(service([]), "zh-CN").at(-1), "没有隧道。");
});
