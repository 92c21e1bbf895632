import assert from "node:assert/strict";
import type { RecordPlan } from "../../../../src/publish/options.ts";
import { planEntry, type PlanEntryOptions } from "./publish_rig.ts";

/** What records become below example.com, or what is wrong with them. */
function plan(
  records: readonly unknown[],
  options: PlanEntryOptions & { readonly zone?: string | undefined } = {},
): readonly (RecordPlan | string)[] {
  const { zone = "example.com" } = options;
  const entry = planEntry({ provider: "cloudflare", token: "t", zone, records }, options);
  if (!("provider" in entry)) return entry;
  assert.ok("records" in entry);
  return entry.records;
}

const a = { type: "A", ttlSeconds: 60, proxied: false } as const;

Deno.test("planRecords() fills in names, TTLs and defaults", () => {
  assert.deepEqual(
    plan([
      { type: "A" },
      { type: "A", name: "@", ttl: 120 },
      { type: "A", name: "Direct", ttl: "5m" },
      { type: "A", name: "www.example.com", ttl: "1.5s", proxied: true },
      { type: "AAAA", name: "bücher" },
      { type: "AAAA", name: "*" },
    ]),
    [
      { ...a, name: "example.com" },
      { ...a, name: "example.com", ttlSeconds: 120 },
      { ...a, name: "direct.example.com", ttlSeconds: 300 },
      { ...a, name: "www.example.com", ttlSeconds: 2, proxied: true },
      { type: "AAAA", name: "xn--bcher-kva.example.com", ttlSeconds: 60 },
      { type: "AAAA", name: "*.example.com", ttlSeconds: 60 },
    ],
  );
});

Deno.test("planRecords() knows the services of nat1_traversal", () => {
  const srv = { type: "SRV", ttlSeconds: 60, priority: 10, weight: 0, target: "mc.example.com" } as const;
  for (
    const [service, protocol, name] of [
      ["mcje", "tcp", "_minecraft._tcp.mc.example.com"],
      ["mcbe", "udp", "_minecraft._udp.mc.example.com"],
      ["web", "tcp", "_web._tcp.mc.example.com"],
      ["tcp", "tcp", "_tcp.mc.example.com"],
      ["udp", "udp", "_udp.mc.example.com"],
      [undefined, "tcp", "_tcp.mc.example.com"],
      [undefined, "udp", "_udp.mc.example.com"],
      ["_minecraft._tcp.", "tcp", "_minecraft._tcp.mc.example.com"],
      ["_X-y._SCTP", "tcp", "_x-y._sctp.mc.example.com"],
    ] as const
  ) {
    const record = { type: "SRV", name: "mc", ...(service !== undefined && { service }) };
    assert.deepEqual(plan([record], { protocol }), [{ ...srv, name }]);
  }
});

Deno.test("planRecords() makes targets whole, below the zone or elsewhere", () => {
  const srv = {
    type: "SRV",
    ttlSeconds: 60,
    priority: 1,
    weight: 10,
    name: "_web._tcp.example.com",
  } as const;
  for (
    const [target, whole] of [["direct", "direct.example.com"], ["x.other.test.", "x.other.test"]] as const
  ) {
    const record = { type: "SRV", service: "web", priority: 1, weight: 10, target };
    assert.deepEqual(plan([record]), [{ ...srv, target: whole }]);
  }
});

Deno.test("planRecords() adds the protocol to the name of a service in a port-over-TXT record", () => {
  const txt = { type: "TXT", name: "pot.example.com", ttlSeconds: 60 } as const;
  for (
    const [pot, protocol, key] of [["ssh", "tcp", "ssh_tcp"], ["wg", "udp", "wg_udp"], [
      "a_udp",
      "udp",
      "a_udp",
    ]]
  ) {
    const [planned] = plan([{ type: "TXT", name: "pot", pot }], { protocol: protocol as "tcp" | "udp" });
    assert.deepEqual(planned, { ...txt, content: { kind: "pot", key } });
  }
  assert.deepEqual(plan([{ type: "TXT", name: "pot", text: "{external}" }]), [
    { ...txt, content: { kind: "template", template: "{external}" } },
  ]);
});

Deno.test("planRecords() plans HTTPS and SVCB records", () => {
  const common = { ttlSeconds: 60, priority: 1 };
  assert.deepEqual(
    plan([
      { type: "HTTPS", name: "www", alpn: ["h2", "h3"] },
      { type: "SVCB", name: "_x.www", target: "direct", priority: 2 },
    ]),
    [
      { type: "HTTPS", name: "www.example.com", ...common, target: ".", alpn: ["h2", "h3"] },
      {
        type: "SVCB",
        name: "_x.www.example.com",
        ...common,
        priority: 2,
        target: "direct.example.com",
        alpn: [],
      },
    ],
  );
});

Deno.test("planRecords() refuses what is no name, of the other protocol, or contradicts itself", () => {
  const cases: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ type: "A", name: "a b" }, "records[0].name: expected a domain name"],
    [{ type: "A", name: "x.other.test." }, "records[0].name: expected a name within the zone example.com"],
    [{ type: "SRV", service: "mcbe" }, "records[0].service: _minecraft._udp is UDP, but the tunnel is TCP"],
    [{ type: "SRV", service: "_x._udp" }, "records[0].service: _x._udp is UDP, but the tunnel is TCP"],
    [
      { type: "SRV", service: "ssh" },
      "records[0].service: expected labels as in _minecraft._tcp, or one of mcje, mcbe, web, tcp, udp",
    ],
    [{ type: "SRV", name: "*" }, "records[0]: expected a domain name"],
    [{ type: "SRV", target: "*" }, "records[0].target: expected a name without *"],
    [{ type: "SRV", target: "." }, "records[0].target: expected a domain name"],
    [{ type: "TXT" }, "records[0]: expected pot or text"],
    [{ type: "TXT", pot: "ssh", text: "x" }, "records[0]: expected pot or text, not both"],
    [
      { type: "TXT", pot: "s sh" },
      "records[0].pot: expected a service name without blanks and colons, as in ssh",
    ],
    [{ type: "TXT", pot: "ssh_udp" }, "records[0].pot: ssh_udp is UDP, but the tunnel is TCP"],
    [{ type: "TXT", text: "x".repeat(4097) }, "records[0].text: expected at most 4096 characters"],
    [
      { type: "HTTPS", priority: 0 },
      "records[0].priority: expected 1 to 65535: priority 0 is an alias, which has no port",
    ],
    [{ type: "HTTPS", alpn: ["h 2"] }, "records[0].alpn[0]: expected a protocol as in h2"],
  ];
  for (const [record, fault] of cases) assert.deepEqual(plan([record]), [fault]);
  assert.match(
    `${plan([{ type: "TXT", text: "{prot}" }])}`,
    /records\[0\]\.text: holds an unknown placeholder/,
  );
});

Deno.test("planRecords() refuses a text where a port-over-TXT record is", () => {
  const records = [
    { type: "TXT", name: "x", text: "hello" },
    { type: "TXT", name: "X.example.com", pot: "ssh" },
    { type: "TXT", name: "x", pot: "ftp" },
  ];
  assert.deepEqual(plan(records), ["records[0]: x.example.com is a port-over-TXT record already"]);
});

Deno.test("planRecords() refuses a proxy where the provider has none", () => {
  const records = [{ type: "A", name: "x", proxied: true }];
  assert.deepEqual(planEntry({ provider: "file", path: "zone.txt", zone: "example.com", records }), [
    "records[0].proxied: only cloudflare has a proxy",
  ]);
});
