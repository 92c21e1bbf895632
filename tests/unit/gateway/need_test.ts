import assert from "node:assert/strict";
import { type GatewayFacts, needsGateway, wantedExternalPort } from "../../../src/gateway/need.ts";

const INTERNAL = { address: "192.168.1.2", port: 3456 };
const EXTERNAL = { address: "203.0.113.10", port: 14500 };
const REACHABLE = { state: "reachable", evidence: "seen" } as const;
const UNVERIFIED = { state: "unverified", reason: "no hairpinning" } as const;
const BASE: GatewayFacts = { mode: "auto", protocol: "tcp", internal: INTERNAL, external: EXTERNAL };

const CASES: readonly (readonly [about: string, changes: Partial<GatewayFacts>, asks: boolean])[] = [
  ["it is off", { mode: "off", reachability: UNVERIFIED }, false],
  ["it is forced", { mode: "force", reachability: REACHABLE }, true],
  ["it is forced on loopback", { mode: "force", internal: { address: "127.0.0.1", port: 1 } }, false],
  ["strangers get in", { reachability: REACHABLE }, false],
  ["nobody was seen to get in", { reachability: UNVERIFIED }, true],
  ["a TCP port, although UDP passes", { reachability: UNVERIFIED, filtering: "endpoint-independent" }, true],
  ["UDP passes", { protocol: "udp", reachability: UNVERIFIED, filtering: "endpoint-independent" }, false],
  ["UDP is filtered", { protocol: "udp", filtering: "address-and-port-dependent" }, true],
  ["UDP is not known", { protocol: "udp", reachability: UNVERIFIED, filtering: "unknown" }, true],
  ["there is no NAT", { internal: EXTERNAL, reachability: UNVERIFIED }, false],
  [
    "there is no NAT over IPv6, where firewalls stand",
    {
      internal: { address: "2001:db8::2", port: 1 },
      external: { address: "2001:db8::2", port: 1 },
      reachability: UNVERIFIED,
    },
    true,
  ],
  ["it runs on loopback", { internal: { address: "::1", port: 1 }, reachability: UNVERIFIED }, false],
];

for (const [about, changes, asks] of CASES) {
  Deno.test(`needsGateway() is ${asks} when ${about}`, () => {
    const need = needsGateway({ ...BASE, ...changes });
    assert.equal(need.asks, asks, need.reason);
    assert.notEqual(need.reason, "");
  });
}

Deno.test("wantedExternalPort() is the external port only where the router translates itself", () => {
  const sides = { internal: INTERNAL, external: EXTERNAL };
  assert.equal(wantedExternalPort("203.0.113.10", sides), 14500);
  assert.equal(wantedExternalPort("100.64.0.2", sides), undefined);
  assert.equal(wantedExternalPort("198.51.100.7", sides), undefined);
  assert.equal(wantedExternalPort(undefined, sides), undefined);
  const same = { internal: INTERNAL, external: { ...EXTERNAL, port: INTERNAL.port } };
  assert.equal(wantedExternalPort("203.0.113.10", same), undefined);
});
