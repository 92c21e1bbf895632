import assert from "node:assert/strict";
import fc from "fast-check";
import { formatRecordData, parseRecordData } from "../../../src/dns/record_text.ts";
import type { RecordPlan } from "../../../src/publish/options.ts";
import { protocolIn, recordSetsOf } from "../../../src/publish/record_sets.ts";
import { aaaaPlan, aPlan, httpsPlan, mapped6, potPlan, srvPlan, textPlan } from "./record_plans.ts";
import { mapped } from "./webhook_rig.ts";

/** Sets as lines of a zone file. */
function linesOf(plans: readonly RecordPlan[], news = mapped()): readonly string[] {
  return recordSetsOf(plans, news).sets.flatMap(({ name, ttlSeconds, type, data }) =>
    data.map((one) => `${name} ${ttlSeconds} ${type} ${formatRecordData(one)}`)
  );
}

Deno.test("recordSetsOf() fills in an IPv4 mapping", () => {
  const plans = [aPlan(), aaaaPlan(), srvPlan(), httpsPlan(["h2", "http/1.1"]), textPlan("at {external}")];
  assert.deepEqual(linesOf(plans), [
    "direct.example.com 60 A 203.0.113.10",
    "wg.example.com 60 AAAA 2001::38a4:cb00:710a",
    "_minecraft._tcp.mc.example.com 60 SRV 10 0 14500 mc.example.com.",
    "www.example.com 60 HTTPS 1 . alpn=h2,http/1.1 port=14500 ipv4hint=203.0.113.10",
    'txt.example.com 60 TXT "at 203.0.113.10:14500"',
  ]);
});

Deno.test("recordSetsOf() fills in an IPv6 mapping and leaves the A record out", () => {
  assert.deepEqual(linesOf([aaaaPlan(), httpsPlan(), srvPlan()], mapped6()), [
    "wg.example.com 60 AAAA 2001:db8::10",
    "www.example.com 60 HTTPS 1 . port=14500 ipv6hint=2001:db8::10",
    "_minecraft._tcp.mc.example.com 60 SRV 10 0 14500 mc.example.com.",
  ]);
  assert.deepEqual(recordSetsOf([aPlan(), aaaaPlan()], mapped6()).leftOut, [
    { name: "direct.example.com", type: "A", reason: "the mapping is IPv6" },
  ]);
});

Deno.test("recordSetsOf() spells IP4P as DNS servers do", () => {
  assert.deepEqual(linesOf([aaaaPlan()], mapped(853, "1.1.1.1")), [
    "wg.example.com 60 AAAA 2001::355:101:101",
  ]);
});

Deno.test("recordSetsOf() writes addresses first and keeps the order of the plans else", () => {
  const plans = [textPlan("x"), srvPlan(), aPlan(), potPlan(), aaaaPlan(), httpsPlan()];
  assert.deepEqual(recordSetsOf(plans, mapped()).sets.map(({ type }) => type), [
    ...["A", "AAAA", "TXT", "SRV", "HTTPS"],
  ]);
});

Deno.test("recordSetsOf() joins plans of one name and type, once each, with the smallest TTL", () => {
  const plans: readonly RecordPlan[] = [
    textPlan("{port}"),
    { ...textPlan("{address}"), ttlSeconds: 30 },
    textPlan("{port}"),
    aPlan(),
    { ...aPlan(), ttlSeconds: 300 },
    aPlan("other.example.com"),
  ];
  assert.deepEqual(linesOf(plans), [
    "direct.example.com 60 A 203.0.113.10",
    "other.example.com 60 A 203.0.113.10",
    'txt.example.com 30 TXT "14500"',
    'txt.example.com 30 TXT "203.0.113.10"',
  ]);
});

Deno.test("recordSetsOf() leaves out an SRV record of the other protocol", () => {
  const plans = [
    srvPlan("_minecraft._udp.mc.example.com"),
    srvPlan("_tcp.mc.example.com"),
    srvPlan("_x.y.test"),
  ];
  const { sets, leftOut } = recordSetsOf(plans, mapped());
  assert.deepEqual(sets.map(({ name }) => name), ["_tcp.mc.example.com", "_x.y.test"]);
  assert.deepEqual(leftOut, [{
    name: "_minecraft._udp.mc.example.com",
    type: "SRV",
    reason: "it is a UDP service, and the mapping is TCP",
  }]);
});

Deno.test("recordSetsOf() gathers the services of one port-over-TXT record", () => {
  const plans = [
    potPlan("ssh_tcp"),
    potPlan("rdp_tcp"),
    potPlan("ssh_tcp"),
    potPlan("x_tcp", "b.example.com"),
  ];
  const { sets, pots } = recordSetsOf(plans, mapped());
  assert.deepEqual(sets, []);
  const port = 14_500;
  assert.deepEqual(pots, [
    {
      name: "pot.example.com",
      ttlSeconds: 60,
      entries: [{ key: "ssh_tcp", port }, { key: "rdp_tcp", port }],
    },
    { name: "b.example.com", ttlSeconds: 60, entries: [{ key: "x_tcp", port }] },
  ]);
});

Deno.test("recordSetsOf() cuts a text into strings of 255 bytes between characters", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 700 }), (text) => {
    const template = text.replaceAll("{", "(");
    const [set] = recordSetsOf([textPlan(template)], mapped()).sets;
    const [data] = set?.data ?? [];
    assert.ok(data?.type === "TXT");
    assert.equal(data.strings.join(""), template);
    for (const one of data.strings) assert.ok(new TextEncoder().encode(one).length <= 255);
    assert.ok(parseRecordData("TXT", formatRecordData(data)) !== undefined);
  }));
});

Deno.test("recordSetsOf() leaves out a text that no TXT record can hold", () => {
  const { sets, leftOut } = recordSetsOf([textPlan("é".repeat(40_000))], mapped());
  assert.deepEqual(sets, []);
  assert.match(leftOut[0]?.reason ?? "", /80000 bytes/);
});

Deno.test("protocolIn() reads the last label with an underscore before the host's", () => {
  for (
    const [name, protocol] of [
      ["_minecraft._tcp.mc.example.com", "tcp"],
      ["_udp.example.com", "udp"],
      ["_a._b._udp.example.com", "udp"],
      ["_tcp._x.example.com", undefined],
      ["a._tcp.example.com", undefined],
      ["_web.example.com", undefined],
      ["_tcp", undefined],
    ] as const
  ) assert.equal(protocolIn(name), protocol, name);
});
