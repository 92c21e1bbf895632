import assert from "node:assert/strict";
import { formatFault } from "../../../src/config/config_fault.ts";
import { loadPlan, type PlanLoading } from "../../../src/plan/load_plan.ts";
import { fakeFiles } from "../config/fake_files.ts";

function load(text: string): Promise<PlanLoading> {
  return loadPlan("/etc/p/porthole.json", {
    readFile: fakeFiles({ "/etc/p/porthole.json": text, "/etc/p/t": "token\n" }),
    readEnv: () => undefined,
    defaults: { stunTcp: [], stunUdp: [], keepAliveHosts: [] },
  });
}

Deno.test("loadPlan() gives plan, log with absolute paths, and the files of secrets", async () => {
  const loading = await load(
    '{"log": {"file": "p.log", "level": "warn"}, "status": {"token": "file:t"}, "tunnels": [{"bind": 5}]}',
  );
  assert.ok(loading.kind === "plan");
  assert.deepEqual(loading.log, { file: "/etc/p/p.log", level: "warn" });
  assert.deepEqual(loading.secretFiles, ["/etc/p/t"]);
  assert.equal(loading.directory, "/etc/p");
  assert.equal(loading.plan.status.token?.reveal(), "token");
  assert.deepEqual(loading.plan.tunnels.map(({ name }) => name), ["tcp-5"]);
  assert.deepEqual(loading.placeOf(["tunnels"]), { line: 1, column: 87 });
});

Deno.test("loadPlan() tells faults of spelling, secrets and planning at once, each once", async () => {
  const loading = await load(`{
  "tunnels": [
    { "bind": 5, "nmae": "a" },
    { "bind": "x", "publish": [{ "provider": "webhook", "url": "env:A" }] },
    { "bind": 5, "name": "b", "publish": [{ "provider": "webhook", "url": "env:A" }] }
  ],
  "status": { "listen": "0.0.0.0:1", "sokcet": "x" }
}`);
  assert.ok(loading.kind === "faults");
  assert.deepEqual(loading.faults.map(formatFault), [
    '3:18: tunnels[0].nmae: unknown key "nmae"; did you mean "name"',
    '4:15: tunnels[1].bind: expected [IP:]PORT, PORT being N, 0 for any, A-B or A~B, not "x"',
    '4:64: tunnels[1].publish[0].url: the environment variable "A" is not set',
    "5:15: tunnels[2].bind: TCP port 5 is that of tunnels[0].bind (line 3) too",
    '5:75: tunnels[2].publish[0].url: the environment variable "A" is not set',
    "7:25: status.listen: is not a loopback address; set status.token as well",
    '7:38: status.sokcet: unknown key "sokcet"; did you mean "socket"',
  ]);
});

Deno.test("loadPlan() tells broken syntax alone, and a file that cannot be read", async () => {
  const broken = await load('{"tunnels": [{"bind": 5}, {"bind": 5}');
  assert.ok(broken.kind === "faults");
  assert.deepEqual(broken.faults.map(({ message }) => message), ["expected a closing bracket"]);
  const options = { readFile: fakeFiles({}), readEnv: (): undefined => undefined };
  const defaults = { stunTcp: [], stunUdp: [], keepAliveHosts: [] };
  assert.equal((await loadPlan("/nope", { ...options, defaults })).kind, "unreadable");
});

Deno.test("loadPlan() plans the sample of ARCHITECTURE", async () => {
  const loading = await loadPlan("/etc/p/porthole.json", {
    readFile: fakeFiles({ "/etc/p/porthole.json": ARCHITECTURE_SAMPLE, "/etc/porthole/token": "hunter2\n" }),
    readEnv: (name) => name === "CF_TOKEN" ? "hunter3" : undefined,
    defaults: { stunTcp: [], stunUdp: [], keepAliveHosts: [] },
  });
  assert.ok(loading.kind === "plan", JSON.stringify(loading));
  const [publisher] = loading.plan.tunnels[0]?.publish ?? [];
  assert.ok(publisher?.provider === "cloudflare");
  assert.deepEqual(publisher.records, [
    { type: "A", name: "direct.example.com", ttlSeconds: 60, proxied: false },
    {
      type: "TXT",
      name: "pot.example.com",
      ttlSeconds: 60,
      content: { kind: "pot", key: "web_tcp" },
    },
  ]);
});

const ARCHITECTURE_SAMPLE = `{
  "$schema": "./porthole.schema.json",
  "log": { "level": "info", "format": "text" },
  "stun": { "tcp": ["stun.example:3478"], "udp": ["stun.example:3478"] },
  "keepAlive": { "tcp": ["http.example:80"], "interval": "15s" },
  "tunnels": [
    { "name": "web", "protocol": "tcp", "bind": "0.0.0.0:3456",
      "forward": { "target": "192.168.1.100:443", "method": "auto", "proxyProtocol": "v2" },
      "hooks": [{ "run": ["./notify.sh"], "style": "natmap" }],
      "publish": [{ "provider": "cloudflare", "token": "env:CF_TOKEN", "zone": "example.com",
                    "records": [{ "type": "A", "name": "direct" }, { "type": "TXT", "name": "pot", "pot": "web" }] }] }
  ],
  "status": { "file": "/run/porthole/status.json", "listen": "127.0.0.1:7380", "token": "file:/etc/porthole/token" }
}`;
