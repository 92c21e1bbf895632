import assert from "node:assert/strict";
import { ProbeLimits } from "../../../src/reach/probe_limits.ts";
import { RateLimit } from "../../../src/reach/rate_limit.ts";
import { settle } from "../../fakes/fake_clock.ts";
import { CALLER, ReflectorRig } from "./reflector_rig.ts";

const accepts = (header: string | undefined): boolean => header === "Bearer abc";

Deno.test("createReflectorApp() tries the caller's own address from a port of its own", async () => {
  const rig = new ReflectorRig();
  await rig.accept({ ...CALLER, port: 14_500 });
  const answer = await (await rig.probe({ protocol: "tcp", port: 14_500 })).json();
  const { from, ...rest } = answer;
  assert.deepEqual(rest, {
    ...{
      reachable: "yes",
      reason: "connected",
      ms: 20,
      target: "203.0.113.10:14500",
      fromAskedAddress: true,
    },
  });
  assert.match(from, /^198\.51\.100\.3:\d+$/);
  assert.notEqual(from, "198.51.100.3:8080");
  assert.deepEqual(rig.world.net.connects, [{ ...CALLER, port: 14_500 }]);
});

Deno.test("createReflectorApp() tries from the other address where it has one of that IP version", async () => {
  const other = new ReflectorRig({ fromAddress: "198.51.100.4" });
  await other.accept({ ...CALLER, port: 14_500 });
  const answer = await (await other.probe({ protocol: "tcp", port: 14_500 })).json();
  assert.deepEqual([answer.fromAskedAddress], [false]);
  assert.match(answer.from, /^198\.51\.100\.4:\d+$/);
  other.caller = { address: "2001:db8::5", port: 1 };
  const v6 = await (await other.probe({ protocol: "tcp", port: 14_500 })).json();
  assert.ok(v6.fromAskedAddress, "that address is of the other IP version");
});

Deno.test("createReflectorApp() tells who calls, IPv4 in IPv6 as IPv4", async () => {
  const rig = new ReflectorRig();
  assert.deepEqual(await (await rig.ask("v1/me")).json(), CALLER);
  rig.caller = { address: "::ffff:203.0.113.10", port: 7 };
  assert.deepEqual(await (await rig.ask("v1/me")).json(), { ...CALLER, port: 7 });
  assert.equal((await rig.ask("v1/me")).headers.get("cache-control"), "no-store");
});

Deno.test("createReflectorApp() never dials what a request names", async () => {
  const rig = new ReflectorRig();
  const bodies = [
    { protocol: "tcp", port: 80, address: "192.0.2.1" },
    { protocol: "tcp", port: 80, target: "192.0.2.1:80" },
    { protocol: "tcp", port: 0 },
  ];
  for (const body of bodies) {
    const headers = { "x-forwarded-for": "192.0.2.1", forwarded: "for=192.0.2.1", "x-real-ip": "192.0.2.1" };
    assert.equal((await rig.probe(body, headers)).status, 400);
  }
  await rig.probe({ protocol: "tcp", port: 80 }, { "x-forwarded-for": "192.0.2.1", host: "192.0.2.1" });
  assert.deepEqual(rig.world.net.connects, [{ ...CALLER, port: 80 }]);
});

Deno.test("createReflectorApp() asks for the token, and logs neither it nor what was shown", async () => {
  const rig = new ReflectorRig({ accepts });
  for (const authorization of [undefined, "Bearer abd", "abc", "Basic YWJj"]) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    for (const path of ["v1/me", "v1/none"]) {
      const response = await rig.ask(path, { headers });
      assert.equal(response.status, 401);
      assert.equal(response.headers.get("www-authenticate"), "Bearer");
    }
    assert.equal((await rig.probe({ protocol: "tcp", port: 80 }, headers)).status, 401);
  }
  assert.deepEqual(rig.world.net.connects, []);
  assert.ok(
    rig.lines.length > 0 && rig.lines.every((line) => !/ab[cd]|YWJj/.test(line)),
    rig.lines.join("\n"),
  );
  assert.equal((await rig.ask("v1/me", { headers: { authorization: "Bearer abc" } })).status, 200);
  assert.equal((await rig.ask("v1/me?token=abc")).status, 401, "a token in a URL ends up in logs");
});

Deno.test("createReflectorApp() limits each source, wrong tokens too, and lets it come back", async () => {
  const limits = new ProbeLimits({ requests: new RateLimit({ burst: 2, perSecond: 0.01 }) });
  const rig = new ReflectorRig({ accepts, limits });
  const ask = (): Promise<Response> => rig.fetch("http://r/v1/me", {});
  assert.deepEqual([(await ask()).status, (await ask()).status], [401, 401]);
  const refused = await ask();
  assert.deepEqual([refused.status, refused.headers.get("retry-after")], [429, "100"]);
  assert.equal(rig.lines.length, 2, "a flood writes no log");
  rig.caller = { ...CALLER, address: "203.0.113.11" };
  assert.equal((await ask()).status, 401, "others are not kept out");
  rig.caller = CALLER;
  await rig.world.clock.advance(100_000);
  assert.equal((await ask()).status, 401);
});

Deno.test("createReflectorApp() has so many probes of one caller at a time", async () => {
  const rig = new ReflectorRig();
  rig.world.net.silent.add(CALLER.address);
  const body = JSON.stringify({ protocol: "tcp", port: 80 });
  const probes = Array.from({ length: 6 }, () => rig.fetch("http://r/v1/probe", { method: "POST", body }));
  await rig.world.clock.advance(10_000);
  const statuses = (await Promise.all(probes)).map(({ status }) => status);
  assert.deepEqual(statuses.toSorted(), [200, 200, 200, 200, 429, 429]);
  assert.equal((await rig.probe({ protocol: "tcp", port: 80 })).status, 200, "places are given back");
  assert.equal(rig.world.clock.pendingTimers, 0);
});

Deno.test("createReflectorApp() gives up a silent port after 5 s at the most", async () => {
  const rig = new ReflectorRig();
  rig.world.net.silent.add(CALLER.address);
  const slow = await (await rig.probe({ protocol: "tcp", port: 80 })).json();
  assert.deepEqual([slow.reachable, slow.reason, slow.ms], ["no", "timeout", 5000]);
  const quick = await (await rig.probe({ protocol: "tcp", port: 80, timeoutMs: 300 })).json();
  assert.equal(quick.ms, 300);
});

Deno.test("createReflectorApp() sends 32 bytes three times over UDP, whatever is asked", async () => {
  const rig = new ReflectorRig();
  const silent = await (await rig.probe({ protocol: "udp", port: 9 })).json();
  assert.deepEqual([silent.reachable, silent.reason], ["unknown", "silent"]);
  await rig.probe({ protocol: "udp", port: 9, send: "01", payload: "02" });
  const sizes = rig.world.net.sent.map(({ data }) => data.length);
  assert.deepEqual(sizes, [32, 32, 32, 1, 1, 1]);
  assert.ok(rig.world.net.sent.every(({ to }) => to.address === CALLER.address));
});

Deno.test("createReflectorApp() refuses bodies that are huge, broken or never end", async () => {
  const rig = new ReflectorRig();
  const post = (body: BodyInit): Promise<Response> => rig.ask("v1/probe", { method: "POST", body });
  assert.equal((await post("x".repeat(1025))).status, 413);
  assert.equal((await post(Uint8Array.of(0xff, 0xfe))).status, 408);
  assert.equal((await post("")).status, 400);
  let pulled = 0;
  let isCancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller): Promise<void> {
      if (pulled++ > 0) return new Promise(() => {});
      controller.enqueue(new Uint8Array(10));
      return Promise.resolve();
    },
    cancel(): void {
      isCancelled = true;
    },
  });
  assert.equal((await post(endless)).status, 408);
  assert.ok(isCancelled);
  const failing = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("the line broke")),
  });
  assert.equal((await post(failing)).status, 408);
  assert.deepEqual(rig.world.net.connects, []);
  assert.equal(rig.world.clock.pendingTimers, 0);
});

Deno.test("createReflectorApp() behind a proxy takes the last hop, and no address inside", async () => {
  const rig = new ReflectorRig({ isBehindProxy: true });
  const me = async (forwarded: string | undefined): Promise<unknown> => {
    const headers: Record<string, string> = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
    const response = await rig.ask("v1/me", { headers });
    return response.status === 200 ? (await response.json()).address : response.status;
  };
  assert.equal(await me("192.0.2.66, 203.0.113.5"), "203.0.113.5");
  assert.equal(await me("[2001:DB8::1]"), "2001:db8::1");
  for (
    const bad of [
      undefined,
      "",
      "unknown",
      "127.0.0.1",
      "::1",
      "::ffff:127.0.0.1",
      "0.0.0.0",
      "fe80::1%eth0",
      "2001:db8::1%eth0",
      "224.0.0.1",
    ]
  ) {
    assert.equal(await me(bad), 400, bad);
  }
});

Deno.test("createReflectorApp() refuses pages in browsers, other methods and other paths", async () => {
  const rig = new ReflectorRig();
  assert.equal((await rig.ask("v1/me", { headers: { origin: "https://evil.example" } })).status, 403);
  assert.equal((await rig.ask("v1/probe")).status, 404);
  assert.equal((await rig.ask("")).status, 404);
});

Deno.test("createReflectorApp() tells of every probe, and ends them when it closes", async () => {
  const rig = new ReflectorRig();
  rig.world.net.silent.add(CALLER.address);
  await rig.probe({ protocol: "tcp", port: 80 });
  assert.deepEqual(rig.probes.map(({ caller, protocol, answer }) => [caller, protocol, answer.reason]), [
    [CALLER, "tcp", "timeout"],
  ]);
  const body = JSON.stringify({ protocol: "tcp", port: 80 });
  const cut = rig.fetch("http://r/v1/probe", { method: "POST", body });
  await settle();
  rig.closing.abort(new DOMException("The end", "AbortError"));
  assert.equal((await cut).status, 503);
  assert.deepEqual([rig.world.clock.pendingTimers, rig.world.net.open.size], [0, 0]);
});
