import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { DnsError } from "../../../src/find/dns/dns_error.ts";
import { WireDns } from "../../../src/find/dns/wire_dns.ts";
import { address, alias, type FakeReply, record, service, txt, TYPES } from "../../fakes/dns_server.ts";
import { watch } from "../../fakes/fake_world.ts";
import { openDnsWorld, serveDns, SERVER } from "./find_rig.ts";

const NEVER = new AbortController().signal;
const TRUTH = record("x.test", txt("truth"), 120);

interface Ended {
  readonly strings?: readonly string[];
  readonly failure?: string;
  readonly message?: string;
  readonly elapsedMs: number;
}

/** Asks for TXT x.test and advances the clock until there is an end. */
async function askWith(script: () => FakeReply | "silent" | undefined): Promise<Ended> {
  const { dns, clock, platform, net } = await openDnsWorld([TRUTH]);
  dns.script = (query) => query.name === "x.test" ? script() : undefined;
  const before = net.open.size;
  const startMs = clock.now();
  const asked = watch(new WireDns({ platform, servers: [SERVER] }).ask("x.test", "TXT", NEVER));
  while (!asked.isSettled && clock.now() - startMs < 60_000) await clock.advance(50);
  const elapsedMs = clock.now() - startMs;
  await clock.advance(30_000);
  assert.equal(net.open.size, before, "no socket stays open");
  assert.equal(clock.pendingTimers, 0, "no timer stays");
  const { value, error } = asked;
  if (value === undefined) {
    assert.ok(error instanceof DnsError, String(error));
    return { failure: error.failure, message: error.message, elapsedMs };
  }
  return { strings: value.records.flatMap((data) => data.type === "TXT" ? data.strings : []), elapsedMs };
}

Deno.test("WireDns.ask() gives records with their TTL", async () => {
  const { clock, platform } = await openDnsWorld([TRUTH, record("x.test", txt("more"), 60)]);
  const asked = watch(new WireDns({ platform, servers: [SERVER] }).ask("x.test", "TXT", NEVER));
  await clock.advance(100);
  assert.deepEqual(asked.value?.ttlSeconds, 60);
  assert.equal(asked.value?.records.length, 2);
});

Deno.test("WireDns.ask() decodes HTTPS, which Deno.resolveDns cannot", async () => {
  const zone = [record("x.test", service("HTTPS", { port: 8443, ipv4hint: ["192.0.2.7"] }))];
  const { clock, platform } = await openDnsWorld(zone);
  const asked = watch(new WireDns({ platform, servers: [SERVER] }).ask("x.test", "HTTPS", NEVER));
  await clock.advance(100);
  const [data] = asked.value?.records ?? [];
  assert.ok(data?.type === "HTTPS");
  assert.deepEqual([data.priority, data.target, data.params.port, data.params.ipv4hint], [1, ".", 8443, [
    "192.0.2.7",
  ]]);
});

Deno.test("WireDns.ask() passes over answers that are somebody else's and takes the right one after them", async () => {
  const lies: readonly FakeReply[] = [
    { idOffset: 1, answers: [record("x.test", txt("lie"))] },
    { question: { name: "y.test", type: TYPES.TXT }, answers: [record("y.test", txt("lie"))] },
    { raw: Uint8Array.of(1, 2, 3) },
    { raw: new Uint8Array() },
  ];
  for (const lie of lies) {
    const { strings } = await askWith(() => ({ ...lie, then: { answers: [TRUTH] } }));
    assert.deepEqual(strings, ["truth"], JSON.stringify(lie));
  }
});

Deno.test("WireDns.ask() ends with one line in bounded time, whatever the server does", async () => {
  const cases: readonly (readonly [string, () => FakeReply | "silent", RegExp])[] = [
    [
      "timeout",
      () => "silent",
      /^Cannot look up TXT x\.test: 192\.0\.2\.53:53 gave no answer within 4\.5 s$/,
    ],
    ["timeout", () => ({ delayMs: 20_000, answers: [TRUTH] }), /no answer/],
    ["timeout", () => ({ idOffset: 1, answers: [TRUTH] }), /no answer/],
    ["timeout", () => ({ raw: new Uint8Array(700).fill(255) }), /no answer/],
    ["server", () => ({ rcode: 2 }), /^Cannot look up TXT x\.test: 192\.0\.2\.53:53 answered SERVFAIL$/],
    ["server", () => ({ rcode: 5 }), /REFUSED$/],
    ["server", () => ({ rcode: 11 }), /RCODE 11$/],
    ["no-name", () => ({ rcode: 3 }), /^Cannot look up TXT x\.test: there is no such name$/],
  ];
  for (const [failure, script, words] of cases) {
    const ended = await askWith(script);
    assert.equal(ended.failure, failure, ended.message);
    assert.match(ended.message ?? "", words);
    assert.ok(ended.elapsedMs <= 4600, `${failure} ${ended.elapsedMs}`);
  }
});

Deno.test("WireDns.ask() asks again when a datagram is lost", async () => {
  let count = 0;
  const { strings, elapsedMs } = await askWith(() => ++count === 1 ? "silent" : { answers: [TRUTH] });
  assert.deepEqual([strings, elapsedMs >= 1000, elapsedMs < 1500], [["truth"], true, true]);
});

Deno.test("WireDns.ask() takes what comes late, but in time", async () => {
  assert.deepEqual((await askWith(() => ({ delayMs: 3500, answers: [TRUTH] }))).strings, ["truth"]);
});

Deno.test("WireDns.ask() goes over to TCP when the answer does not fit", async () => {
  const { dns, clock, platform, net } = await openDnsWorld();
  net.chunkBytes = 7;
  const long = "x".repeat(200);
  dns.script = ({ via }) =>
    via === "udp" ? { isTruncated: true } : { answers: [record("x.test", txt(long, long, long, long))] };
  const asked = watch(new WireDns({ platform, servers: [SERVER] }).ask("x.test", "TXT", NEVER));
  await clock.advance(500);
  const [data] = asked.value?.records ?? [];
  assert.deepEqual(data?.type === "TXT" && data.strings.join("").length, 800);
  assert.deepEqual(dns.queries.map(({ via }) => via), ["udp", "tcp"]);
});

Deno.test("WireDns.ask() goes over to TCP when the answer is cut off in the middle of a record", async () => {
  const { dns, clock, platform } = await openDnsWorld();
  dns.script = ({ via }) =>
    via === "udp" ? { isTruncated: true, answers: [TRUTH], padBytes: -7 } : { answers: [TRUTH] };
  const asked = watch(new WireDns({ platform, servers: [SERVER] }).ask("x.test", "TXT", NEVER));
  await clock.advance(500);
  assert.equal(asked.value?.records.length, 1);
});

Deno.test("WireDns.ask() passes over an answer that is cut off without saying so", async () => {
  const { failure } = await askWith(() => ({ answers: [TRUTH], padBytes: -7 }));
  assert.equal(failure, "timeout");
});

Deno.test("WireDns.ask() takes an answer with padding behind it", async () => {
  assert.deepEqual((await askWith(() => ({ answers: [TRUTH], padBytes: 4 }))).strings, ["truth"]);
});

Deno.test("WireDns.ask() gives up on TCP that is silent or answers something else", async () => {
  for (const [reply, failure] of [["silent", "timeout"], [{ idOffset: 1 }, "malformed"]] as const) {
    const { dns, clock, platform } = await openDnsWorld();
    dns.script = ({ via }) => via === "udp" ? { isTruncated: true } : reply;
    const asked = watch(new WireDns({ platform, servers: [SERVER] }).ask("x.test", "TXT", NEVER));
    await clock.advance(5000);
    assert.equal(asked.error instanceof DnsError && asked.error.failure, failure);
  }
});

Deno.test("WireDns.ask() asks the next server when one fails or is silent", async () => {
  const world = await openDnsWorld();
  const second: Endpoint = { address: "192.0.2.54", port: 53 };
  const other = await serveDns(world, [TRUTH], second);
  for (const reply of ["silent", { rcode: 2 }, { rcode: 5 }] as const) {
    world.dns.script = () => reply;
    const dns = new WireDns({ platform: world.platform, servers: [SERVER, second] });
    const asked = watch(dns.ask("x.test", "TXT", NEVER));
    await world.clock.advance(4000);
    assert.equal(asked.value?.records.length, 1, JSON.stringify(reply));
  }
  assert.equal(other.queries.length, 3);
});

Deno.test("WireDns.ask() begins with the server that answered last", async () => {
  const world = await openDnsWorld();
  const second: Endpoint = { address: "192.0.2.54", port: 53 };
  const other = await serveDns(world, [TRUTH], second);
  world.dns.script = () => "silent";
  const dns = new WireDns({ platform: world.platform, servers: [SERVER, second] });
  const askIn = async (ms: number): Promise<number | undefined> => {
    const asked = watch(dns.ask("x.test", "TXT", NEVER));
    await world.clock.advance(ms);
    return asked.value?.records.length;
  };
  assert.equal(await askIn(2500), 1, "the first one is waited for");
  assert.equal(await askIn(100), 1, "not again");
  other.script = () => "silent";
  world.dns.script = () => ({ answers: [TRUTH] });
  assert.equal(await askIn(2500), 1, "the second one is waited for");
  assert.equal(await askIn(100), 1, "not again");
});

Deno.test("WireDns.ask() believes the first server that there is no such name", async () => {
  const world = await openDnsWorld();
  const second: Endpoint = { address: "192.0.2.54", port: 53 };
  const other = await serveDns(world, [TRUTH], second);
  const asked = watch(
    new WireDns({ platform: world.platform, servers: [SERVER, second] }).ask("x.test", "TXT", NEVER),
  );
  await world.clock.advance(100);
  assert.equal(asked.error instanceof DnsError && asked.error.failure, "no-name");
  assert.equal(other.queries.length, 0);
});

Deno.test("WireDns.ask() follows aliases that one message does not follow, but not for ever", async () => {
  const { dns, clock, platform } = await openDnsWorld();
  dns.script = ({ name }) =>
    name === "x.test"
      ? { answers: [record("x.test", alias("y.test"), 10)] }
      : { answers: [record("y.test", address("192.0.2.9"), 60)] };
  const source = new WireDns({ platform, servers: [SERVER] });
  const asked = watch(source.ask("x.test", "A", NEVER));
  await clock.advance(500);
  assert.deepEqual([asked.value?.records, asked.value?.ttlSeconds], [
    [{ type: "A", address: "192.0.2.9" }],
    10,
  ]);
  dns.script = ({ name }) => ({ answers: [record(name, alias(`a.${name}`))] });
  const endless = watch(source.ask("x.test", "A", NEVER));
  await clock.advance(5000);
  assert.match(String(endless.error), /more than 8 aliases/);
  assert.ok(dns.queries.length < 16);
});

Deno.test("WireDns.ask() says when nobody is at the server's port", async () => {
  const { clock, platform, net } = await openDnsWorld();
  net.refusesClosedPorts = true;
  const asked = watch(
    new WireDns({ platform, servers: [{ address: "192.0.2.99", port: 53 }] }).ask("x.test", "TXT", NEVER),
  );
  await clock.advance(100);
  assert.equal(asked.error instanceof DnsError && asked.error.failure, "unreachable");
});

Deno.test("WireDns.ask() throws the signal's reason unchanged", async () => {
  const { dns, clock, platform } = await openDnsWorld();
  dns.script = () => "silent";
  const controller = new AbortController();
  const asked = watch(new WireDns({ platform, servers: [SERVER] }).ask("x.test", "TXT", controller.signal));
  await clock.advance(100);
  const reason = new Error("enough");
  controller.abort(reason);
  await clock.advance(0);
  assert.equal(asked.error, reason);
});
