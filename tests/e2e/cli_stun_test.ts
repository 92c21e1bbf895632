import assert from "node:assert/strict";
import { PortholeChild, runPorthole } from "./porthole_child.ts";

const isPosix = Deno.build.os !== "windows";

Deno.test("porthole stun asks porthole stun-server over UDP and TCP", async () => {
  await using server = PortholeChild.start(["stun-server", "--listen", "127.0.0.1:0", "--json"]);
  const { listen = "" } = await server.nextEvent("listening");
  const [text, json] = await Promise.all([
    runPorthole(["stun", listen, "127.0.0.1:1"]),
    runPorthole(["stun", listen, "--json", "--udp"]),
  ]);
  assert.deepEqual([text.code, text.stderr], [0, ""]);
  const rows = text.stdout.trimEnd().split("\n");
  assert.equal(rows.length, 5);
  assert.match(rows[1] ?? "", /udp +127\.0\.0\.1:\d+ +\d+ ms +no +porthole/);
  assert.match(rows[2] ?? "", /tcp +127\.0\.0\.1:\d+ +\d+ ms/);
  assert.match(rows[3] ?? "", /^127\.0\.0\.1:1 +udp +no answer: /);
  assert.match(rows[4] ?? "", /^127\.0\.0\.1:1 +tcp +no answer: /);
  const results = json.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(results.length, 1);
  assert.deepEqual([results[0].server, results[0].protocol, results[0].ok], [listen, "udp", true]);
  assert.match(results[0].reflexive, /^127\.0\.0\.1:\d+$/);
});

Deno.test("porthole stun ends with 1 when nobody answered", async () => {
  const { code, stdout, stderr } = await runPorthole(["stun", "127.0.0.1:1", "--tcp"]);
  assert.equal(code, 1);
  assert.match(stdout, /no answer/);
  assert.match(stderr, /^[^\n]*No server answered[^\n]*\n$/);
});

Deno.test({
  name: "porthole stun-server offers RFC 5780 with --alternate",
  ignore: Deno.build.os !== "linux", // Other systems have 127.0.0.1 alone.
}, async () => {
  await using server = PortholeChild.start([
    ...["stun-server", "--listen", "127.0.0.1:0", "--alternate", "127.0.0.2", "--json"],
  ]);
  const { listen = "", alternate = "" } = await server.nextEvent("listening");
  assert.match(alternate, /^127\.0\.0\.2:\d+$/);
  const { stdout } = await runPorthole(["stun", listen, "--json", "--udp"]);
  const result = JSON.parse(stdout);
  assert.deepEqual([result.rfc5780, result.otherAddress], [true, alternate]);
});

Deno.test("porthole ends with 1 and says what to do when the address or the port is not to be had", async () => {
  const holder = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = holder.addr;
  const [inUse, notHere] = await Promise.all([
    runPorthole(["stun-server", "--listen", `127.0.0.1:${port}`]),
    runPorthole(["stun-server", "--listen", "192.0.2.1:3478"]),
  ]);
  holder.close();
  assert.deepEqual([inUse.code, inUse.stdout], [1, ""]);
  assert.match(inUse.stderr, /^porthole: [^\n]*EADDRINUSE[^\n]*the port is in use[^\n]*\n$/);
  assert.deepEqual([notHere.code, notHere.stdout], [1, ""]);
  assert.match(notHere.stderr, /^porthole: [^\n]*no interface of this machine has that address[^\n]*\n$/);
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test({ name: `porthole ends with ${code} on ${signal}`, ignore: !isPosix }, async () => {
    await using server = PortholeChild.start(["stun-server", "--listen", "127.0.0.1:0"]);
    assert.match(await server.nextLine() ?? "", /^listening on 127\.0\.0\.1:\d+/);
    server.kill(signal);
    const ended = await server.ended();
    assert.deepEqual([ended.code, ended.stderr], [code, ""]);
  });
}
