import assert from "node:assert/strict";
import { PortholeChild, runPorthole } from "./porthole_child.ts";

const TOKEN = "e2e-0123456789abcdef";
const isLinux = Deno.build.os === "linux";

Deno.test("porthole reach asks porthole reflector about a service, with a token", async () => {
  await using reflector = PortholeChild.start(
    ["reflector", "--listen", "127.0.0.1:0", "--token", "env:TOKEN", "--json"],
    { TOKEN },
  );
  const { url = "" } = await reflector.nextEvent("listening");
  using service = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = `127.0.0.1:${service.addr.port}`;
  const flags = ["--from", url, "--token", "env:TOKEN"];
  const [text, chinese, json, closed, wrong] = await Promise.all([
    runPorthole(["reach", endpoint, ...flags], { TOKEN }),
    runPorthole(["reach", endpoint, ...flags, "--lang", "zh-CN"], { TOKEN }),
    runPorthole(["reach", `${service.addr.port}`, ...flags, "--json"], { TOKEN }),
    runPorthole(["reach", "127.0.0.1:1", ...flags, "--json"], { TOKEN }),
    runPorthole(["reach", endpoint, ...flags], { TOKEN: "wrong-wrong-wrong-wrong" }),
  ]);
  assert.deepEqual([text.code, text.stderr], [0, ""]);
  assert.match(
    text.stdout,
    /^reflector +yes +a connection was accepted; from the address we had asked, another port/m,
  );
  assert.match(text.stdout, /^verdict +open: /m);
  assert.equal(chinese.code, 0);
  assert.match(chinese.stdout, /^结论 +通：/m);
  assert.equal(json.code, 0);
  const report = JSON.parse(json.stdout);
  assert.deepEqual([report.endpoint, report.verdict, report.filtering], [
    endpoint,
    "open",
    "not-port-restricted",
  ]);
  assert.deepEqual([closed.code, JSON.parse(closed.stdout).verdict], [1, "target-closed"]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout, /status 401/);
  const probe = await reflector.nextEvent("probe");
  assert.match(probe["caller"] ?? "", /^127\.0\.0\.1:\d+$/);
});

Deno.test({
  name: "porthole reach --listen sees who comes in, from another address too, TCP and UDP",
  ignore: !isLinux, // Other systems have 127.0.0.1 alone.
}, async () => {
  await using reflector = PortholeChild.start([
    ...["reflector", "--listen", "127.0.0.1:0", "--from-address", "127.0.0.2", "--json"],
  ]);
  const { url = "" } = await reflector.nextEvent("listening");
  using holder = Deno.listen({ hostname: "127.0.0.9", port: 0 });
  const { port } = holder.addr;
  const ended = await Promise.all([["--tcp"], ["--udp"]].map(([flag]) =>
    runPorthole([
      ...["reach", `127.0.0.1:${port}`, "--listen", `${port}`, "--from", url, "--json"],
      ...(flag === "--udp" ? ["--udp"] : []),
    ])
  ));
  for (const { code, stdout } of ended) {
    assert.equal(code, 0);
    const { outside: [seen], filtering } = JSON.parse(stdout);
    assert.deepEqual([seen.reason, seen.fromAskedAddress, filtering], [
      "token",
      false,
      "endpoint-independent",
    ]);
    assert.match(seen.from, /^127\.0\.0\.2:\d+$/);
  }
});

Deno.test("porthole reflector ends with 2 where strangers could use it, and with 143 on SIGTERM", async () => {
  const { code, stdout, stderr } = await runPorthole(["reflector", "--listen", "0.0.0.0:0"]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^porthole: [^\n]*give --token[^\n]*\n$/);
  if (Deno.build.os === "windows") return;
  await using reflector = PortholeChild.start(["reflector", "--listen", "127.0.0.1:0"]);
  assert.match(await reflector.nextLine() ?? "", /^reflector on http:\/\/127\.0\.0\.1:\d+$/);
  reflector.kill("SIGTERM");
  const ended = await reflector.ended();
  assert.deepEqual([ended.code, ended.stderr], [143, ""]);
});
