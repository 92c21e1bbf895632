import assert from "node:assert/strict";
import { formatEndpoint } from "../../../src/core/endpoint.ts";
import { encodePot } from "../../../src/core/pot.ts";
import type { RecordData, ServiceParams } from "../../../src/dns/record_data.ts";
import { findEndpoint } from "../../../src/find/find_endpoint.ts";
import { type FindQuestion, type Found, NotFoundError } from "../../../src/find/found.ts";
import type { SystemLookup } from "../../../src/find/name_lookup.ts";
import { parseService } from "../../../src/find/service.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";
import { watch } from "../../fakes/fake_world.ts";
import { addressData, type FakeAnswer, FakeDns, srvData, txtData } from "./find_rig.ts";

const NEVER = new AbortController().signal;
const HOME = addressData("203.0.113.10");
const POT = txtData(encodePot([{ key: "ssh_tcp", port: 50_000 }, { key: "wg_udp", port: 41_641 }]));

interface Ask {
  readonly name?: string;
  readonly service?: string;
  readonly via?: FindQuestion["via"];
  readonly port?: number;
  readonly families?: FindQuestion["families"];
  readonly system?: SystemLookup;
  readonly isFresh?: boolean;
}

function questionOf({ name = "x.test", service, via = "auto", port, families = [4, 6] }: Ask): FindQuestion {
  return { name, service: service === undefined ? undefined : parseService(service), via, port, families };
}

async function settled(dns: FakeDns, ask: Ask): Promise<Found | NotFoundError> {
  const clock = new FakeClock();
  const { system, isFresh = false } = ask;
  const found = watch(findEndpoint(questionOf(ask), {
    ...{ dns, system, isFresh, platform: { clock, random: fakeRandom() }, signal: NEVER },
  }));
  await clock.advance(1000);
  assert.equal(clock.pendingTimers, 0, "no timer stays");
  if (found.value !== undefined) return found.value;
  assert.ok(found.error instanceof NotFoundError, String(found.error));
  assert.ok(!found.error.message.includes("\n"));
  return found.error;
}

/** `via` and endpoints, or the reason. */
async function outcome(table: Readonly<Record<string, FakeAnswer>>, ask: Ask = {}): Promise<string> {
  const result = await settled(new FakeDns(table), ask);
  if (result instanceof NotFoundError) return result.message;
  return [result.via, ...result.endpoints.map(formatEndpoint)].join(" ");
}

function svcb(fields: {
  readonly type?: "HTTPS" | "SVCB";
  readonly priority?: number;
  readonly target?: string;
  readonly params?: ServiceParams;
}): RecordData {
  const { type = "HTTPS", priority = 1, target = ".", params = {} } = fields;
  return { type, priority, target, params };
}

Deno.test("findEndpoint() finds a port in POT content, beside other TXT records", async () => {
  const table = { "TXT x.test": [txtData("v=spf1 -all"), POT], "A x.test": [HOME] };
  assert.equal(await outcome(table, { service: "ssh_tcp" }), "pot 203.0.113.10:50000");
  assert.equal(await outcome(table, { service: "_ssh._tcp", via: "pot" }), "pot 203.0.113.10:50000");
  assert.equal(await outcome(table, { service: "wg_udp" }), "pot 203.0.113.10:41641");
});

Deno.test("findEndpoint() reads POT content that is split, quoted or alone", async () => {
  const content = encodePot([{ key: "ssh_tcp", port: 50_000 }]);
  for (const txt of [txtData(content.slice(0, 5), content.slice(5)), txtData(`"${content}"`)]) {
    const table = { "TXT x.test": [txt], "A x.test": [HOME] };
    assert.equal(await outcome(table, { service: "ssh" }), "pot 203.0.113.10:50000");
    assert.equal(await outcome(table), "pot 203.0.113.10:50000", "one entry needs no service");
  }
});

Deno.test("findEndpoint() passes over lines of POT content that it does not know", async () => {
  const lines = ["# mine", "SSH_TCP:50000", "", "web_tcp:70000", "wg_udp:41641:x", "note=1"].join("\r\n");
  const table = { "TXT x.test": [txtData(btoa(lines))], "A x.test": [HOME] };
  assert.equal(await outcome(table, { service: "ssh" }), "pot 203.0.113.10:50000");
  assert.equal(await outcome(table), "pot 203.0.113.10:50000", "one entry needs no service");
  assert.match(await outcome(table, { service: "wg_udp", via: "pot" }), /names ssh_tcp, but not wg_udp$/);
});

Deno.test("findEndpoint() says what is wrong with a TXT record", async () => {
  const broken = txtData("c3NoX3RjcDo5OTk5OTk=");
  const long = txtData(...Array.from({ length: 70 }, () => "A".repeat(250)));
  const rows: readonly (readonly [readonly RecordData[] | undefined, Ask, RegExp])[] = [
    [[], { service: "ssh", via: "pot" }, /: it has no TXT record$/],
    [[txtData("v=spf1 -all")], { service: "ssh", via: "pot" }, /no POT content in its TXT record$/],
    [[txtData("")], { service: "ssh", via: "pot" }, /no POT content/],
    [[broken], { service: "ssh", via: "pot" }, /no POT content/],
    [[long], { service: "ssh", via: "pot" }, /no POT content/],
    [[POT], { service: "rdp", via: "pot" }, /names ssh_tcp, wg_udp, but not rdp_tcp$/],
    [[POT], { via: "pot" }, /several services \(ssh_tcp, wg_udp\), so say which$/],
    [undefined, { service: "ssh" }, /^Cannot find ssh at x\.test: there is no such name$/],
  ];
  for (const [txt, ask, words] of rows) {
    const table = txt === undefined ? {} : { "TXT x.test": txt, "A x.test": [HOME] };
    assert.match(await outcome(table, ask), words);
  }
  assert.match(await outcome({ "TXT x.test": [POT] }, { service: "ssh", via: "pot" }), /it has no address$/);
});

Deno.test("findEndpoint() finds SRV targets by priority, and skips those without address or port", async () => {
  const table = {
    "SRV _minecraft._tcp.x.test": [
      srvData("late.test", 3, { priority: 20 }),
      srvData("gone.test", 2, { priority: 5 }),
      srvData("mc.test", 0, { priority: 1 }),
      srvData("mc.test", 14_500, { priority: 10 }),
    ],
    "A mc.test": [HOME],
    "A late.test": [addressData("203.0.113.20")],
  };
  assert.equal(await outcome(table, { service: "mcje" }), "srv 203.0.113.10:14500 203.0.113.20:3");
  assert.equal(
    await outcome(table, { name: "_minecraft._tcp.x.test" }),
    "srv 203.0.113.10:14500 203.0.113.20:3",
    "the owner itself",
  );
});

Deno.test("findEndpoint() takes SRV target . for a no, whatever the name's address is", async () => {
  const table = { "SRV _ssh._tcp.x.test": [srvData(".", 0)], "A x.test": [HOME], "TXT x.test": [] };
  for (const via of ["auto", "srv"] as const) {
    assert.match(
      await outcome(table, { service: "ssh", via }),
      /SRV record of _ssh\._tcp\.x\.test says that there is no such service$/,
    );
  }
  assert.equal(
    await outcome({ ...table, "TXT x.test": [POT] }, { service: "ssh" }),
    "pot 203.0.113.10:50000",
  );
});

Deno.test("findEndpoint() finds HTTPS records with a port, hints after the target's addresses", async () => {
  const table = {
    "HTTPS x.test": [
      svcb({ priority: 2, target: "b.test", params: { port: 8444 } }),
      svcb({ params: { port: 8443, ipv4hint: ["203.0.113.77", "203.0.113.10"], ipv6hint: ["2001:db8::7"] } }),
    ],
    "A x.test": [HOME],
    "A b.test": [addressData("203.0.113.20")],
  };
  assert.equal(
    await outcome(table, { service: "https" }),
    "https 203.0.113.10:8443 203.0.113.77:8443 [2001:db8::7]:8443 203.0.113.20:8444",
  );
  assert.equal(
    await outcome(table, { service: "web", families: [4] }),
    "https 203.0.113.10:8443 203.0.113.77:8443 203.0.113.20:8444",
  );
});

Deno.test("findEndpoint() passes over hints that are nobody's address", async () => {
  const hints = { ipv4hint: ["0.0.0.0", "224.0.0.1"], ipv6hint: ["::", "ff02::1", "2001::38a4:cb00:710a"] };
  const table = { "HTTPS x.test": [svcb({ params: { port: 8443, ...hints } })] };
  assert.match(await outcome(table, { service: "https", via: "https" }), /: it has no address$/);
});

Deno.test("findEndpoint() follows HTTPS aliases, and refuses circles, . and keys it does not know", async () => {
  const port = { params: { port: 8443 } };
  const alias = (target: string): RecordData => svcb({ priority: 0, target });
  const ask: Ask = { service: "https", via: "https" };
  const home = { "A y.test": [HOME], "A x.test": [HOME] };
  assert.equal(
    await outcome({ ...home, "HTTPS x.test": [alias("y.test")], "HTTPS y.test": [svcb(port)] }, ask),
    "https 203.0.113.10:8443",
  );
  assert.match(await outcome({ ...home, "HTTPS x.test": [alias("x.test")] }, ask), /lead in a circle$/);
  assert.match(await outcome({ ...home, "HTTPS x.test": [alias(".")] }, ask), /no such service$/);
  const strange = svcb({ params: { port: 1, more: ["mandatory=key65000", "key65000=x"] } });
  assert.match(await outcome({ ...home, "HTTPS x.test": [strange] }, ask), /names no port$/);
  assert.match(await outcome(home, ask), /there is no HTTPS record at x\.test$/);
});

Deno.test("findEndpoint() takes an HTTPS record without port only when asked for this way", async () => {
  const table = { "HTTPS x.test": [svcb({})], "A x.test": [HOME], "TXT x.test": [] };
  assert.equal(await outcome(table, { service: "web", via: "https" }), "https 203.0.113.10:443");
  assert.equal(await outcome(table, { service: "web" }), "address 203.0.113.10:80");
});

Deno.test("findEndpoint() finds SVCB below the scheme", async () => {
  const data = svcb({ type: "SVCB", target: "x.test", params: { port: 2222 } });
  const table = { "SVCB _ssh.x.test": [data], "A x.test": [HOME], "TXT x.test": [] };
  assert.equal(await outcome(table, { service: "ssh" }), "https 203.0.113.10:2222");
});

Deno.test("findEndpoint() tells IP4P from IPv6 addresses, real ones and look-alikes", async () => {
  const ip4p = addressData("2001::38a4:cb00:710a");
  const real = addressData("2001:db8::1");
  assert.equal(await outcome({ "AAAA x.test": [real, ip4p] }), "ip4p 203.0.113.10:14500");
  const refused = ["2001:db8::1", "2001:0:1::1:2:3", "2001::808:808", "2001::50:0:0", "2001::50:e000:1"];
  for (const address of refused) {
    const reason = await outcome({ "AAAA x.test": [addressData(address)] }, { via: "ip4p" });
    assert.match(reason, new RegExp(`its address ${address} is not IP4P$`));
  }
  // Port 0 and the like must not be connected to as IPv6 either.
  assert.match(await outcome({ "AAAA x.test": [ip4p] }, { via: "address", port: 22 }), /it has no address$/);
  assert.match(await outcome({ "AAAA x.test": [ip4p] }, { via: "ip4p", families: [6] }), /IPv4 only$/);
});

Deno.test("findEndpoint() prefers POT, then SRV, HTTPS, IP4P, and the address at last", async () => {
  const all: Record<string, readonly RecordData[]> = {
    "TXT x.test": [txtData(encodePot([{ key: "https_tcp", port: 1 }]))],
    "SRV _https._tcp.x.test": [srvData("x.test", 2)],
    "HTTPS x.test": [svcb({ params: { port: 3 } })],
    "AAAA x.test": [addressData("2001::4:cb00:710a")],
    "A x.test": [HOME],
  };
  for (
    const expected of [
      "pot 203.0.113.10:1",
      "srv 203.0.113.10:2",
      "https 203.0.113.10:3",
      "ip4p 203.0.113.10:4",
    ]
  ) {
    assert.equal(await outcome(all, { service: "https" }), expected);
    delete all[Object.keys(all)[0] ?? ""];
  }
  assert.equal(await outcome(all, { service: "https" }), "address 203.0.113.10:443");
  assert.equal(await outcome(all, { service: "https", port: 8080 }), "address 203.0.113.10:8080");
});

Deno.test("findEndpoint() gives IPv4 before IPv6, and only the versions asked for", async () => {
  const table = { "AAAA x.test": [addressData("2001:db8::1")], "A x.test": [HOME], "TXT x.test": [POT] };
  assert.equal(await outcome(table, { service: "ssh" }), "pot 203.0.113.10:50000 [2001:db8::1]:50000");
  assert.equal(await outcome(table, { service: "ssh", families: [6] }), "pot [2001:db8::1]:50000");
  assert.equal(await outcome(table, { service: "ssh", families: [4] }), "pot 203.0.113.10:50000");
});

Deno.test("findEndpoint() refuses addresses that nobody has", async () => {
  const table = {
    "A x.test": [addressData("0.0.0.0"), addressData("224.0.0.1")],
    "AAAA x.test": [addressData("::")],
  };
  assert.match(await outcome(table, { service: "ssh", via: "address" }), /it has no address$/);
});

Deno.test("findEndpoint() uses a later way when an earlier one fails, and warns", async () => {
  const result = await settled(new FakeDns({ "TXT x.test": "failed", "A x.test": [HOME] }), {
    service: "ssh",
  });
  assert.ok(!(result instanceof NotFoundError));
  assert.deepEqual(result.warnings, [
    { kind: "way-failed", way: "pot", reason: "192.0.2.53:53 answered SERVFAIL" },
    { kind: "usual-port", port: 22 },
  ]);
  const failed = await settled(new FakeDns({ "TXT x.test": "failed" }), { service: "ssh", via: "pot" });
  assert.ok(failed instanceof NotFoundError && failed.isTemporary);
});

Deno.test("findEndpoint() tells made-up addresses", async () => {
  const fake = { "A x.test": [addressData("198.18.0.9")] };
  const found = await settled(new FakeDns(fake), { service: "ssh" });
  assert.ok(!(found instanceof NotFoundError));
  assert.deepEqual(found.warnings[0], { kind: "fake-ip", address: "198.18.0.9" });
  const none = await settled(new FakeDns(fake), {});
  assert.ok(none instanceof NotFoundError && none.hasFakeIp);
});

Deno.test("findEndpoint() gives evidence and the shortest TTL", async () => {
  const found = await settled(new FakeDns({ "TXT x.test": [POT], "A x.test": [HOME] }, 45), {
    service: "ssh",
  });
  assert.ok(!(found instanceof NotFoundError));
  assert.deepEqual([found.ttlSeconds, found.evidence], [45, [
    "TXT x.test ssh_tcp:50000",
    "A x.test 203.0.113.10",
  ]]);
});

Deno.test("findEndpoint() does not wait for AAAA that never comes when A is there", async () => {
  const table: Readonly<Record<string, FakeAnswer>> = {
    "TXT x.test": [POT],
    "A x.test": [HOME],
    "AAAA x.test": "hang",
  };
  assert.equal(await outcome(table, { service: "ssh" }), "pot 203.0.113.10:50000");
});

Deno.test("findEndpoint() asks the system for hosts that the DNS does not know", async () => {
  const asked: string[] = [];
  const system: SystemLookup = (host, family) => {
    asked.push(host);
    return family === 4 ? Promise.resolve(["192.168.1.7"]) : Promise.reject(new Error("none"));
  };
  assert.equal(await outcome({}, { name: "nas", service: "ssh", system }), "address 192.168.1.7:22");
  assert.deepEqual(new Set(asked), new Set(["nas"]));
  assert.equal(await outcome({ "A x.test": [HOME] }, { service: "ssh", system }), "address 203.0.113.10:22");
});

Deno.test("findEndpoint() takes an address as it is, without any question", async () => {
  const dns = new FakeDns({});
  const found = await settled(dns, { name: "192.0.2.7", service: "ssh" });
  assert.ok(!(found instanceof NotFoundError));
  assert.deepEqual([found.endpoints, dns.asked], [[{ address: "192.0.2.7", port: 22 }], []]);
  assert.match(await outcome({}, { name: "192.0.2.7" }), /no port is known$/);
  assert.match(await outcome({}, { name: "192.0.2.7", service: "ssh", via: "srv" }), /has no records$/);
  assert.match(
    await outcome({}, { name: "192.0.2.7", service: "ssh", families: [6] }),
    /it is an IPv4 address$/,
  );
});

Deno.test("findEndpoint() asks each question once, past caches when it is told to", async () => {
  const dns = new FakeDns({ "TXT x.test": [POT], "A x.test": [HOME] });
  dns.freshTable = { "TXT x.test": [txtData(encodePot([{ key: "ssh_tcp", port: 7 }]))], "A x.test": [HOME] };
  await settled(dns, { service: "ssh" });
  assert.equal(new Set(dns.asked).size, dns.asked.length);
  const fresh = await settled(dns, { service: "ssh", isFresh: true });
  assert.ok(!(fresh instanceof NotFoundError));
  assert.equal(fresh.endpoints[0]?.port, 7);
});

Deno.test("findEndpoint() throws the signal's reason unchanged", async () => {
  const controller = new AbortController();
  const dns = new FakeDns({ "TXT x.test": "hang", "A x.test": "hang" });
  const clock = new FakeClock();
  const found = watch(findEndpoint(questionOf({ service: "ssh" }), {
    ...{ dns, platform: { clock, random: fakeRandom() }, signal: controller.signal },
  }));
  await clock.advance(10);
  const reason = new Error("enough");
  controller.abort(reason);
  await clock.advance(10);
  assert.equal(found.error, reason);
});
