import assert from "node:assert/strict";
import type { ReachArgs, ReflectorArgs } from "../../../src/cli/reach_args.ts";
import { runReach } from "../../../src/cli/reach.ts";
import { runReflector } from "../../../src/cli/reflector.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { Terminal } from "./status_rig.ts";

const SHARED = { json: false, logLevel: undefined, quiet: false, lang: undefined } as const;
const REACH: ReachArgs = {
  ...{ command: "reach", endpoint: { host: "127.0.0.1", port: 9 }, udp: false, ipv6: false, stun: [] },
  ...{ from: undefined, token: undefined, isPublic: false, target: undefined, listen: undefined },
  ...{ send: undefined, timeoutMs: undefined },
  ...SHARED,
};
const REFLECTOR: ReflectorArgs = {
  ...{
    command: "reflector",
    listen: { address: "127.0.0.1", port: 0 },
    token: undefined,
    fromAddress: undefined,
  },
  ...{ isBehindProxy: false, tlsCert: undefined, tlsKey: undefined },
  ...SHARED,
};
const TOKEN = "0123456789abcdefghij";
const ANYWHERE = { address: "0.0.0.0", port: 0 };

/** @param wanted Of the one line that is said. */
async function refused(running: Promise<number>, wanted: RegExp): Promise<void> {
  await assert.rejects(running, (error) => {
    assert.ok(error instanceof UsageError, `${error}`);
    assert.match(error.message, wanted);
    assert.doesNotMatch(error.message, /\n|secret-value/);
    return true;
  });
}

Deno.test("runReach() refuses flags that make no sense together", async () => {
  const table: readonly (readonly [Partial<ReachArgs>, RegExp])[] = [
    [{ token: "secret-value" }, /--token makes no sense without --from/],
    [{ send: Uint8Array.of(1) }, /--send makes no sense without --udp/],
    [{ isPublic: true, udp: true }, /know TCP only/],
    [{ listen: { port: 9 }, target: { host: "127.0.0.1", port: 9 } }, /--listen.*--target/],
    [{ listen: { port: 9 }, udp: true, send: Uint8Array.of(1) }, /--listen.*--send/],
    [{ from: "http://127.0.0.1:1/", token: "env:NOWHERE" }, /Cannot read the token: .*"NOWHERE" is not set/],
    [{ from: "http://127.0.0.1:1/", token: "file:/nonexistent/t" }, /Cannot read the token: .*no such file/],
    [{ from: "http://127.0.0.1:1/", token: "secret-value é" }, /HTTP cannot carry/],
  ];
  for (const [more, wanted] of table) {
    await refused(runReach({ ...REACH, ...more }, new Terminal().session), wanted);
  }
});

Deno.test("runReflector() refuses to serve strangers without a token, and what proves nothing", async () => {
  const table: readonly (readonly [Partial<ReflectorArgs>, RegExp])[] = [
    [{ listen: undefined }, /give --listen IP:PORT/],
    [{ listen: ANYWHERE }, /give --token/],
    [{ listen: { address: "192.0.2.1", port: 80 } }, /On 192\.0\.2\.1:80 strangers/],
    [{ isBehindProxy: true }, /give --token/],
    [{ tlsCert: "c" }, /--tls-cert makes no sense without --tls-key/],
    [{ tlsKey: "k" }, /--tls-key makes no sense without --tls-cert/],
    [
      { tlsCert: "/nonexistent/c", tlsKey: "/nonexistent/k" },
      /certificate or its key: \/nonexistent\/c: no such file/,
    ],
    [{ listen: ANYWHERE, token: TOKEN, fromAddress: "127.0.0.1" }, /--from-address needs --listen/],
    [{ fromAddress: "127.0.0.1" }, /is what callers talk to/],
    [{ fromAddress: "::1" }, /another IP version/],
    [{ fromAddress: "0.0.0.0" }, /--from-address needs/],
  ];
  for (const [more, wanted] of table) {
    await refused(runReflector({ ...REFLECTOR, ...more }, new Terminal().session), wanted);
  }
});

Deno.test("runReflector() throws at once when this host does not have the other address", async () => {
  const running = runReflector({ ...REFLECTOR, fromAddress: "192.0.2.77" }, new Terminal().session);
  await assert.rejects(running, { code: "EADDRNOTAVAIL" });
});

Deno.test("runReflector() serves until it is stopped, tells of each probe, and warns of a short token", async () => {
  const terminal = new Terminal({ isJson: true });
  const running = runReflector({ ...REFLECTOR, token: "short" }, terminal.session);
  await terminal.until((text) => text.includes("\n"));
  const { event, url } = JSON.parse(terminal.stdout.split("\n")[0] ?? "");
  assert.equal(event, "listening");
  assert.ok(terminal.log.lines.some((line) => line.includes("token is short")), terminal.log.lines.join());
  using service = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asker = new Terminal({ isJson: true, env: { T: "short" } });
  const endpoint = { host: "127.0.0.1", port: service.addr.port };
  const args = { ...REACH, endpoint, from: `${url}/`, token: "env:T" };
  assert.equal(await runReach(args, asker.session), 0);
  const report = JSON.parse(await asker.text());
  assert.deepEqual([report.verdict, report.outside[0].fromAskedAddress], ["open", true]);
  assert.deepEqual(asker.log.lines, [], "on loopback nobody listens in");
  await terminal.until((text) => text.includes('"event":"probe"'));
  const probe = JSON.parse(terminal.stdout.split("\n")[1] ?? "");
  assert.deepEqual([probe.protocol, probe.reachable, probe.target], [
    "tcp",
    "yes",
    `127.0.0.1:${endpoint.port}`,
  ]);
  const stranger = new Terminal({ isJson: true });
  assert.equal(await runReach({ ...args, token: "wrong-secret-value" }, stranger.session), 1);
  assert.equal(
    JSON.parse(await stranger.text()).outside[0].detail,
    "status 401: the token is missing or wrong",
  );
  terminal.stop.abort();
  assert.equal(await running, 0);
  assert.ok(![...terminal.log.lines, terminal.stdout].join().includes("wrong-secret-value"));
});
