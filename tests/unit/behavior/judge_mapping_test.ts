import assert from "node:assert/strict";
import { judgeMapping, type MappingVerdict } from "../../../src/behavior/judge_mapping.ts";
import type { Sighting } from "../../../src/behavior/facts.ts";
import { parseEndpoint } from "../../../src/core/endpoint.ts";

const INTERNAL = parseEndpoint("192.168.1.2:5000");

/** `SERVER SEEN` as texts; a port of the server may be left out. */
function sighting(text: string): Sighting {
  const [server = "", seen = ""] = text.split(" ");
  return {
    server: parseEndpoint(server, 3478),
    local: INTERNAL,
    seen: seen === "self" ? INTERNAL : parseEndpoint(seen.startsWith(":") ? `203.0.113.10${seen}` : seen),
    rttMs: 20,
  };
}

function judge(servers: readonly string[], alternates: readonly string[] = []): MappingVerdict {
  return judgeMapping({
    internal: INTERNAL,
    sightings: servers.map(sighting),
    alternates: alternates.map(sighting),
  });
}

Deno.test("judgeMapping() walks the tree of RFC 5780, section 4.3", () => {
  // Test I at A1:P1; test II at A2:P1; test III at A2:P2.
  const table = [
    ["self", "self", "self", "none"],
    [":1000", ":1000", ":1000", "endpoint-independent"],
    [":1000", ":1000", undefined, "endpoint-independent"],
    [":1000", ":2000", ":2000", "address-dependent"],
    [":1000", ":2000", ":3000", "address-and-port-dependent"],
    [":1000", ":2000", ":1000", "address-and-port-dependent"],
    [":1000", "203.0.113.11:1000", "203.0.113.11:1000", "address-dependent"],
  ] as const;
  for (const [i, ii, iii, mapping] of table) {
    const found = judge(
      [`198.51.100.1 ${i}`],
      [`198.51.100.2 ${ii}`, ...(iii === undefined ? [] : [`198.51.100.2:3479 ${iii}`])],
    );
    assert.deepEqual([found.mapping, found.reason], [mapping, undefined], `${i} ${ii} ${iii}`);
  }
});

Deno.test("judgeMapping() judges by several servers", () => {
  const table: readonly (readonly [readonly string[], string, string | undefined])[] = [
    [[], "unknown", "no-answer"],
    [["198.51.100.1 :1000"], "unknown", "few-answers"],
    [["198.51.100.1 self"], "none", undefined],
    [["198.51.100.1 :1000", "198.51.100.2 :1000"], "endpoint-independent", undefined],
    // One server at two ports is one opinion.
    [["198.51.100.1 :1000", "198.51.100.1:3479 :1000"], "unknown", "few-answers"],
    [["198.51.100.1 :1000", "198.51.100.2 :1001"], "address-and-port-dependent", "not-told-apart"],
    [
      ["198.51.100.1 :1", "198.51.100.2 :2", "198.51.100.3 :3"],
      "address-and-port-dependent",
      "not-told-apart",
    ],
    [
      ["198.51.100.1 :1", "198.51.100.2 :1", "198.51.100.3 :3", "198.51.100.4 :4"],
      ...["address-and-port-dependent", "not-told-apart"] as const,
    ],
    // Two servers of the list at one address tell address from port, too.
    [["198.51.100.1 :1", "198.51.100.2 :2", "198.51.100.2:3479 :2"], "address-dependent", undefined],
  ];
  for (const [servers, mapping, code] of table) {
    const found = judge(servers);
    assert.deepEqual([found.mapping, found.reason?.code], [mapping, code], servers.join(", "));
    assert.equal(found.dissenter, undefined);
  }
});

Deno.test("judgeMapping() outvotes one server against two, not one against one", () => {
  const found = judge(["198.51.100.1 :6666", "198.51.100.2 :1000", "198.51.100.3 :1000"]);
  assert.equal(found.mapping, "endpoint-independent");
  assert.equal(found.external?.port, 1000);
  assert.equal(found.dissenter?.server.address, "198.51.100.1");
  const alone = judge(["198.51.100.1 self", "198.51.100.2 self", "198.51.100.3 :1000"]);
  assert.deepEqual([alone.mapping, alone.dissenter?.seen.port], ["none", 1000]);
});

Deno.test("judgeMapping() outvotes nobody who saw the same port at another address", () => {
  const seen = ["198.51.100.1 :1000", "198.51.100.2 203.0.113.11:1000", "198.51.100.3 :1000"];
  const found = judge([...seen, "198.51.100.2:3479 203.0.113.11:1000"]);
  assert.deepEqual([found.mapping, found.reason, found.dissenter], [
    "address-dependent",
    undefined,
    undefined,
  ]);
});

Deno.test("judgeMapping() does not count what a transparent proxy made up", () => {
  const one = judge(["198.51.100.1 198.18.0.5:1000", "198.51.100.2 :1000", "198.51.100.3 :1000"]);
  assert.deepEqual([one.mapping, one.dissenter], ["endpoint-independent", undefined]);
  const all = judge(["198.18.0.1 :1000", "198.18.0.2 :1000"]);
  assert.deepEqual([all.mapping, all.reason?.code, all.external?.port], ["unknown", "fake-ip", 1000]);
});
