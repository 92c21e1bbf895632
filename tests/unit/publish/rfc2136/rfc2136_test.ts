import assert from "node:assert/strict";
import { Secret } from "../../../../src/core/secret.ts";
import { bytesOfText, concatBytes, u16 } from "../../../../src/dns/byte_text.ts";
import { type DnsRecord, lastRecordOffset } from "../../../../src/dns/message.ts";
import { encodeName } from "../../../../src/dns/name.ts";
import { encodeRdata, TYPE_NUMBERS } from "../../../../src/dns/rdata.ts";
import type { RecordData } from "../../../../src/dns/record_data.ts";
import { PublishError } from "../../../../src/publish/publisher.ts";
import type { RecordSet } from "../../../../src/publish/record_set.ts";
import { RecordConflictError } from "../../../../src/publish/record_store.ts";
import { CALM, data, text } from "../../../contract/record_store_rig.ts";
import { openRfc2136 } from "../../../../src/publish/rfc2136/rfc2136.ts";
import { FakeClock, settle } from "../../../fakes/fake_clock.ts";
import { FakeNet } from "../../../fakes/fake_net.ts";
import { fakeRandom } from "../../../fakes/fake_random.ts";
import { watch } from "../../../fakes/fake_world.ts";
import { openRfc2136Rig, type Rfc2136Rig, TSIG_SECRET, ZONE } from "./rfc2136_rig.ts";
import type { SeenRequest, Trouble } from "./update_server.ts";

const UPDATE = 5;
const NAME = `pot.${ZONE}`;

function potSet(...texts: readonly string[]): RecordSet {
  return { name: NAME, type: "TXT", ttlSeconds: 60, data: texts.map((one) => text(one)) };
}

function recordOf(name: string, one: RecordData): DnsRecord {
  return { name, type: TYPE_NUMBERS[one.type], class: 1, ttlSeconds: 60, rdata: encodeRdata(one) };
}

function aliasOf(name: string): DnsRecord {
  return { name, type: 5, class: 1, ttlSeconds: 60, rdata: encodeName("elsewhere.test") };
}

async function refusalOf(work: Promise<unknown>): Promise<PublishError> {
  const error = await work.then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof PublishError, String(error));
  assert.ok(!error.message.includes(TSIG_SECRET));
  return error;
}

function changed(answer: Uint8Array, at: number): Uint8Array {
  const bytes = answer.slice();
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

/** An answer over TCP, its length before it, without its TSIG record. */
function unsigned(framed: Uint8Array): Uint8Array {
  const answer = framed.slice(2);
  const plain = answer.slice(0, lastRecordOffset(answer));
  plain[11] = 0;
  return concatBytes([u16(plain.length), plain]);
}

/** The trouble for the first update only. */
function firstUpdate(
  trouble: (request: SeenRequest) => Trouble | undefined,
): Rfc2136Rig["server"]["trouble"] {
  let isOver = false;
  return (request) => {
    if (isOver || request.message.opcode !== UPDATE) return undefined;
    isOver = true;
    return trouble(request);
  };
}

Deno.test("openRfc2136() store lets nobody's change get lost when two write at once", async () => {
  await using rig = openRfc2136Rig();
  const expected = await rig.store.read(NAME, "TXT", CALM);
  rig.server.trouble = firstUpdate(() => {
    rig.server.records = [recordOf(NAME, text("of somebody else"))];
    return undefined;
  });
  const error = await refusalOf(rig.store.replace(potSet("ours"), { expected, signal: CALM }));
  assert.ok(error instanceof RecordConflictError && !error.isPermanent);
  assert.deepEqual((await rig.store.read(NAME, "TXT", CALM)).data, [text("of somebody else")]);
  assert.deepEqual(rig.server.writes, []);
});

Deno.test("openRfc2136() store sends the update again when its answer is lost, and it counts once", async () => {
  await using rig = openRfc2136Rig();
  const expected = await rig.store.read(NAME, "TXT", CALM);
  const sent = Promise.withResolvers<void>();
  rig.server.trouble = firstUpdate(() => {
    queueMicrotask(sent.resolve);
    // Carried out, and its answer lost.
    return { kind: "bytes", bytes: () => [] };
  });
  const work = rig.store.replace(potSet("ours"), { expected, signal: CALM });
  await sent.promise;
  await rig.clock.advance(1000);
  await work;
  assert.deepEqual(rig.server.seen.filter(({ message }) => message.opcode === UPDATE).length, 2);
  assert.equal(rig.server.writes.length, 1);
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("openRfc2136() store passes over what is not the server's answer", async () => {
  await using rig = openRfc2136Rig();
  rig.server.records = [recordOf(NAME, text("right"))];
  rig.server.trouble = () => ({
    kind: "bytes",
    bytes: (answer, request) => [
      new Uint8Array(),
      bytesOfText("no DNS message at all"),
      request,
      changed(answer, 1),
      // The first letter of the question, and the last byte of the MAC.
      changed(answer, 13),
      changed(answer, answer.length - 7),
      answer,
    ],
  });
  assert.deepEqual((await rig.store.read(NAME, "TXT", CALM)).data, [text("right")]);
});

Deno.test("openRfc2136() store says what came when it is not the server's answer", async () => {
  await using rig = openRfc2136Rig({ transport: "tcp" });
  const rows: readonly (readonly [(answer: Uint8Array) => Uint8Array, RegExp])[] = [
    [(answer) => unsigned(answer), /its answer is not signed \(TSIG\)$/],
    [(answer) => changed(answer, answer.length - 7), /its answer is signed wrongly \(TSIG, mac\)$/],
    [(answer) => changed(answer, 3), /what it sent is no answer to what was asked$/],
    [() => Uint8Array.of(0, 3, 1, 2, 3), /what it sent is no DNS message$/],
    [(answer) => answer.subarray(0, 20), /it closed the connection without an answer$/],
  ];
  for (const [bytes, reason] of rows) {
    rig.server.trouble = () => ({ kind: "bytes", bytes: (answer) => [bytes(answer)] });
    const error = await refusalOf(rig.store.read(NAME, "TXT", CALM));
    assert.match(error.reason, /^no answer from the name server: 127\.0\.0\.1:\d+: /);
    assert.match(error.reason, reason);
    assert.ok(!error.isPermanent);
  }
});

Deno.test("openRfc2136() store asks three times with growing pauses when the server is silent", async () => {
  const clock = new FakeClock();
  const net = new FakeNet({ clock });
  net.silent.add("192.0.2.53");
  const store = openRfc2136({
    ...{ provider: "rfc2136", zone: ZONE, records: [], transport: "auto", tsig: undefined },
    server: { host: "192.0.2.53", port: 53 },
  }, { net, clock, random: fakeRandom() });
  const outcome = watch(store.read(NAME, "TXT", CALM));
  const sentAt: number[] = [];
  for (let seconds = 0; seconds <= 7; seconds++) {
    await settle();
    while (sentAt.length < net.sent.length) sentAt.push(seconds);
    assert.ok(!outcome.isSettled || seconds === 7);
    await clock.advance(1000);
  }
  assert.deepEqual(sentAt, [0, 1, 3]);
  assert.ok(outcome.error instanceof PublishError && !outcome.error.isPermanent);
  assert.match(outcome.error.reason, /no answer in time$/);
  assert.deepEqual([clock.pendingTimers, net.open.size], [0, 0]);
});

Deno.test("openRfc2136() store goes over to TCP when an answer does not fit into UDP", async () => {
  await using rig = openRfc2136Rig();
  const long = text("x".repeat(255), "y".repeat(255));
  rig.server.records = [recordOf(NAME, long)];
  assert.deepEqual((await rig.store.read(NAME, "TXT", CALM)).data, [long]);
  assert.deepEqual(rig.server.seen.map(({ via }) => via), ["udp", "udp", "tcp"]);
  const udp = rig.openStore({ transport: "udp" });
  const error = await refusalOf(udp.read(NAME, "TXT", CALM));
  assert.ok(error.isPermanent);
  assert.match(error.reason, /too long for UDP; transport "auto" or "tcp" can$/);
});

Deno.test("openRfc2136() store sends a long update over TCP", async () => {
  await using rig = openRfc2136Rig();
  await rig.store.replace(potSet("x".repeat(255)), { signal: CALM });
  await rig.store.replace(potSet("x".repeat(255), "y".repeat(255)), { signal: CALM });
  const updates = rig.server.seen.filter(({ message }) => message.opcode === UPDATE);
  assert.deepEqual(updates.map(({ via }) => via), ["udp", "tcp"]);
  const udp = rig.openStore({ transport: "udp" });
  const texts = ["a", "b", "c", "d", "e"].map((one) => one.repeat(255));
  await rig.store.replace(potSet(), { signal: CALM });
  const error = await refusalOf(udp.replace(potSet(...texts), { signal: CALM }));
  assert.match(error.reason, /^an update of \d+ bytes is too long for UDP/);
});

Deno.test("openRfc2136() store uses nothing but TCP when that is asked for", async () => {
  await using rig = openRfc2136Rig({ transport: "tcp" });
  await rig.store.replace(potSet("one"), { signal: CALM });
  assert.deepEqual(rig.server.seen.map(({ via }) => via), ["tcp", "tcp", "tcp"]);
});

Deno.test("openRfc2136() store says what the server's TSIG error means", async () => {
  const serverTime = Uint8Array.of(0, 0, 0x6a, 0x5a, 0xf0, 0xda);
  const rows: readonly (readonly [Trouble, RegExp, boolean])[] = [
    [
      { kind: "tsig", error: 17 },
      /does not know the TSIG key porthole\.example with hmac-sha256 \(BADKEY\)$/,
      true,
    ],
    [{ kind: "tsig", error: 16 }, /the secret of the TSIG key porthole\.example is not the server's/, true],
    [{ kind: "tsig", error: 22 }, /does not take the TSIG signature \(BADTRUNC\)/, true],
    [
      { kind: "tsig", error: 18, other: serverTime },
      /^this machine's clock is \d+ s (behind|ahead of) the server's \(BADTIME\)$/,
      false,
    ],
  ];
  await using rig = openRfc2136Rig();
  for (const [trouble, reason, isPermanent] of rows) {
    rig.server.trouble = () => trouble;
    const error = await refusalOf(rig.store.read(NAME, "TXT", CALM));
    assert.match(error.reason, reason);
    assert.equal(error.isPermanent, isPermanent);
  }
});

Deno.test("openRfc2136() store finds out that its secret is wrong when the server checks it", async () => {
  await using rig = openRfc2136Rig();
  const { name, algorithm } = rig.options.tsig ?? assert.fail("a key");
  const wrong = { name, algorithm, secret: new Secret(btoa("another secret of the same key")) };
  assert.match(
    (await refusalOf(rig.openStore({ tsig: wrong }).read(NAME, "TXT", CALM))).reason,
    /\(BADSIG\)$/,
  );
  const unknown = { ...wrong, name: "unknown.example" };
  assert.match(
    (await refusalOf(rig.openStore({ tsig: unknown }).read(NAME, "TXT", CALM))).reason,
    /\(BADKEY\)$/,
  );
  const broken = { ...wrong, secret: new Secret("%%%SECRET%%%") };
  assert.throws(
    () => rig.openStore({ tsig: broken }),
    (error) => error instanceof PublishError && error.isPermanent && !error.message.includes("SECRET"),
  );
});

Deno.test("openRfc2136() store says why when the server refuses an update", async () => {
  const rows: readonly (readonly [number, RegExp, boolean])[] = [
    [1, /could not read the update \(FORMERR\)/, true],
    [2, /the server failed \(SERVFAIL\)/, false],
    [4, /takes no DNS updates \(NOTIMP\)/, true],
    [
      5,
      /does not allow this update of zone example\.com with the TSIG key porthole\.example \(REFUSED\)/,
      true,
    ],
    [9, /not authoritative for zone example\.com, or does not take the TSIG key porthole\.example/, true],
    [10, /not in zone example\.com \(NOTZONE\)/, true],
    [14, /refused the update \(rcode 14\)/, true],
  ];
  await using rig = openRfc2136Rig();
  for (const [rcode, reason, isPermanent] of rows) {
    rig.server.trouble = firstUpdate(() => ({ kind: "rcode", rcode }));
    const error = await refusalOf(rig.store.replace(potSet("one"), { signal: CALM }));
    assert.match(error.reason, reason);
    assert.equal(error.isPermanent, isPermanent);
  }
});

Deno.test("openRfc2136() store refuses a server that is not in charge of the zone", async () => {
  await using rig = openRfc2136Rig();
  const store = rig.openStore({ zone: "example.net" });
  const error = await refusalOf(store.read("a.example.net", "A", CALM));
  assert.ok(error.isPermanent);
  assert.match(error.reason, /refuses questions about zone example\.net \(REFUSED\)/);
  const below = rig.openStore({ zone: `sub.${ZONE}` });
  const second = await refusalOf(below.read(`a.sub.${ZONE}`, "A", CALM));
  assert.match(second.reason, /the server is not authoritative for zone sub\.example\.com/);
});

Deno.test("openRfc2136() store refuses a name that is an alias, but not one below an alias's wildcard", async () => {
  await using rig = openRfc2136Rig();
  rig.server.records = [aliasOf(NAME), aliasOf(`*.w.${ZONE}`)];
  for (const expected of [undefined, potSet()]) {
    const error = await refusalOf(rig.store.replace(potSet("one"), { expected, signal: CALM }));
    assert.ok(error.isPermanent);
    assert.match(error.reason, /^pot\.example\.com is an alias \(CNAME\)/);
  }
  const wild = { ...potSet("one"), name: `pot.w.${ZONE}` };
  await rig.store.replace(wild, { expected: { ...wild, data: [] }, signal: CALM });
  assert.deepEqual((await rig.store.read(wild.name, "TXT", CALM)).data, [text("one")]);
});

Deno.test("openRfc2136() store writes beside a wildcard whose records it read", async () => {
  await using rig = openRfc2136Rig();
  rig.server.records = [recordOf(`*.${ZONE}`, text("wild"))];
  const expected = await rig.store.read(NAME, "TXT", CALM);
  assert.deepEqual(expected.data, [text("wild")]);
  await rig.store.replace(potSet("one"), { expected, signal: CALM });
  assert.deepEqual((await rig.store.read(NAME, "TXT", CALM)).data, [text("one")]);
  assert.equal(rig.server.records.length, 2);
});

Deno.test("openRfc2136() store writes over what it cannot read only when nothing was expected", async () => {
  await using rig = openRfc2136Rig();
  const name = `mc.${ZONE}`;
  rig.server.records = [{ name, type: 1, class: 1, ttlSeconds: 60, rdata: Uint8Array.of(1, 2, 3) }];
  const set = { name, type: "A", ttlSeconds: 60, data: [data("A", "203.0.113.10")] } as const;
  assert.ok((await refusalOf(rig.store.read(name, "A", CALM))).isPermanent);
  const work = rig.store.replace(set, { expected: { ...set, data: [] }, signal: CALM });
  assert.match((await refusalOf(work)).reason, /mc\.example\.com has a A record that cannot be read/);
  await rig.store.replace(set, { signal: CALM });
  assert.deepEqual((await rig.store.read(name, "A", CALM)).data, set.data);
});

Deno.test("openRfc2136() store tries the next address of the server when one does not answer", async () => {
  await using rig = openRfc2136Rig({ transport: "tcp" });
  const { port } = rig.server.endpoint;
  rig.names.set("ns.example.test", ["127.0.0.9", "127.0.0.1"]);
  const store = rig.openStore({ server: { host: "ns.example.test", port } });
  await store.replace(potSet("one"), { signal: CALM });
  rig.names.set("ns6.example.test", ["::1", "127.0.0.1"]);
  const other = rig.openStore({ server: { host: "ns6.example.test", port } });
  assert.deepEqual((await other.read(NAME, "TXT", CALM)).data, [text("one")]);
  rig.names.set("dead.example.test", ["127.0.0.9"]);
  const dead = rig.openStore({ server: { host: "dead.example.test", port } });
  const error = await refusalOf(dead.read(NAME, "TXT", CALM));
  assert.match(error.reason, /^no answer from the name server: 127\.0\.0\.9:\d+: /);
  assert.ok(!error.isPermanent);
});

Deno.test("openRfc2136() store says so when the server's name has no address", async () => {
  await using rig = openRfc2136Rig();
  rig.names.set("nowhere.example.test", []);
  const store = rig.openStore({ server: { host: "nowhere.example.test", port: 53 } });
  const error = await refusalOf(store.read(NAME, "TXT", CALM));
  assert.match(error.reason, /^the name server has no address: /);
  assert.ok(!error.isPermanent);
});

Deno.test("openRfc2136() store puts a whole record set and its conditions into one update", async () => {
  await using rig = openRfc2136Rig();
  await rig.store.replace(potSet("one", "two"), { signal: CALM });
  const expected = await rig.store.read(NAME, "TXT", CALM);
  await rig.store.replace({ ...potSet("three"), ttlSeconds: 300 }, { expected, signal: CALM });
  const { message } = rig.server.seen.at(-1) ?? assert.fail("an update");
  assert.deepEqual(message.questions, [{ name: ZONE, type: 6, class: 1 }]);
  const lines = (records: readonly DnsRecord[]): readonly string[] =>
    records.map(({ name, type, class: kind, ttlSeconds, rdata }) =>
      `${name} ${type} ${kind} ${ttlSeconds} ${rdata.toHex()}`
    );
  assert.deepEqual(lines(message.answers), [
    `${NAME} 5 254 0 `,
    `${NAME} 16 1 0 036f6e65`,
    `${NAME} 16 1 0 0374776f`,
  ]);
  assert.deepEqual(lines(message.authorities), [`${NAME} 16 255 0 `, `${NAME} 16 1 300 057468726565`]);
});

Deno.test("openRfc2136() store refuses for good what no message can hold", async () => {
  await using rig = openRfc2136Rig();
  const texts = Array.from({ length: 300 }, (_, i) => `${i}${"x".repeat(250)}`);
  for (const set of [potSet(...texts), potSet("中".repeat(86))]) {
    const error = await refusalOf(rig.store.replace(set, { signal: CALM }));
    assert.ok(error.isPermanent);
    assert.match(error.reason, /^Cannot encode /);
  }
  assert.deepEqual(rig.server.writes, []);
});
