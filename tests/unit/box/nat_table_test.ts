import assert from "node:assert/strict";
import fc from "fast-check";
import { type Endpoint, formatEndpoint } from "../../../src/core/endpoint.ts";
import { NAT_PROFILES, type NatProfile } from "../../../src/box/nat_profile.ts";
import { type NatMapping, NatTable } from "../../../src/box/nat_table.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";

const HOST: Endpoint = { address: "127.64.0.2", port: 7000 };
const SERVER: Endpoint = { address: "127.70.10.1", port: 3478 };
const SAME_ADDRESS: Endpoint = { address: SERVER.address, port: 3479 };
const STRANGER: Endpoint = { address: "127.70.99.1", port: 3478 };

interface Rig extends Disposable {
  readonly table: NatTable;
  readonly clock: FakeClock;
  readonly dropped: NatMapping[];
}

function openRig(options: { profile: NatProfile; lifetimeMs?: number; fraction?: () => number }): Rig {
  const clock = new FakeClock();
  const dropped: NatMapping[] = [];
  const random = fakeRandom();
  const table = new NatTable({
    behaviors: NAT_PROFILES[options.profile],
    clock,
    random: { ...random, fraction: options.fraction ?? random.fraction },
    lifetimeMs: options.lifetimeMs,
    onDrop: (mapping) => dropped.push(mapping),
  });
  return { table, clock, dropped, [Symbol.dispose]: (): void => table[Symbol.dispose]() };
}

const CASES: readonly {
  profile: NatProfile;
  samePort: boolean;
  letsIn: { sameAddress: boolean; stranger: boolean };
}[] = [
  { profile: "full-cone", samePort: true, letsIn: { sameAddress: true, stranger: true } },
  { profile: "address-restricted", samePort: true, letsIn: { sameAddress: true, stranger: false } },
  { profile: "port-restricted", samePort: true, letsIn: { sameAddress: false, stranger: false } },
  { profile: "symmetric", samePort: false, letsIn: { sameAddress: false, stranger: false } },
];

for (const { profile, samePort, letsIn } of CASES) {
  Deno.test(`NatTable maps and filters as RFC 4787 says when the profile is ${profile}`, () => {
    using rig = openRig({ profile });
    const { table } = rig;
    const mapping = table.outbound(HOST, SERVER);
    assert.deepEqual(mapping.internal, HOST);
    assert.equal(table.inbound(mapping.externalPort, SERVER), mapping);
    assert.equal(table.inbound(mapping.externalPort, SAME_ADDRESS) === mapping, letsIn.sameAddress);
    assert.equal(table.inbound(mapping.externalPort, STRANGER) === mapping, letsIn.stranger);
    const other = table.outbound(HOST, STRANGER);
    assert.equal(other.externalPort === mapping.externalPort, samePort);
    assert.equal(table.inbound(other.externalPort, STRANGER), other);
  });
}

Deno.test("NatTable.inbound() gives nothing when the port has no mapping", () => {
  using rig = openRig({ profile: "full-cone" });
  const { externalPort } = rig.table.outbound(HOST, SERVER);
  assert.equal(rig.table.inbound(externalPort + 1, SERVER), undefined);
});

Deno.test("NatTable drops a mapping when it idled for its lifetime", async () => {
  using rig = openRig({ profile: "full-cone", lifetimeMs: 1000 });
  const { table, clock, dropped } = rig;
  const first = table.outbound(HOST, SERVER);
  const firstPort = first.externalPort;
  await clock.advance(900);
  assert.equal(table.outbound(HOST, STRANGER), first, "outbound traffic to anyone keeps it");
  await clock.advance(900);
  table.refresh(first);
  await clock.advance(900);
  assert.deepEqual(dropped, []);
  assert.ok(table.inbound(firstPort, STRANGER), "what comes in passes");
  await clock.advance(100);
  assert.deepEqual(dropped, [first], "and did not keep it");
  assert.equal(table.inbound(firstPort, SERVER), undefined);
  assert.deepEqual(table.mappings, []);
  assert.equal(clock.pendingTimers, 0);
  assert.notEqual(table.outbound(HOST, SERVER).externalPort, firstPort);
});

Deno.test("NatTable keeps an idle mapping when it has no lifetime", async () => {
  using rig = openRig({ profile: "full-cone" });
  rig.table.outbound(HOST, SERVER);
  await rig.clock.advance(1e9);
  assert.equal(rig.table.mappings.length, 1);
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("NatTable leaves no timer when it is disposed", () => {
  const rig = openRig({ profile: "full-cone", lifetimeMs: 1000 });
  rig.table.outbound(HOST, SERVER);
  assert.equal(rig.clock.pendingTimers, 1);
  rig[Symbol.dispose]();
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("NatTable.restart() forgets all and never gives an old port again", () => {
  using rig = openRig({ profile: "full-cone", fraction: () => 0 });
  const { table, dropped } = rig;
  const seen = new Set<number>();
  for (let round = 0; round < 50; round++) {
    const mapping = table.outbound(HOST, SERVER);
    assert.ok(!seen.has(mapping.externalPort));
    seen.add(mapping.externalPort);
    table.restart();
    assert.ok(!table.has(mapping));
    assert.equal(table.inbound(mapping.externalPort, SERVER), undefined);
  }
  assert.equal(dropped.length, 50);
});

Deno.test("NatTable takes its ports from the randomness handed in", () => {
  const ports = [0, 0.25, 0.5, 0.999].map((value) => {
    using rig = openRig({ profile: "full-cone", fraction: () => value });
    return rig.table.outbound(HOST, SERVER).externalPort;
  });
  assert.equal(new Set(ports).size, 4);
  assert.ok(ports.every((port) => port >= 1024 && port <= 65535));
});

Deno.test("NatTable.reassign() gives the same mapping another port when its own cannot be bound", () => {
  using rig = openRig({ profile: "full-cone", fraction: () => 0 });
  const { table, dropped } = rig;
  const mapping = table.outbound(HOST, SERVER);
  const before = mapping.externalPort;
  table.reassign(mapping);
  assert.notEqual(mapping.externalPort, before);
  assert.equal(table.inbound(before, SERVER), undefined);
  assert.equal(table.inbound(mapping.externalPort, SERVER), mapping);
  assert.equal(table.outbound(HOST, STRANGER), mapping);
  assert.deepEqual(dropped, []);
});

const endpoints = fc.record({
  address: fc.constantFrom("127.64.0.2", "127.64.0.3", "127.70.10.1", "127.70.10.2"),
  port: fc.constantFrom(10_000, 10_001, 10_002),
});
const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("out"), internal: endpoints, peer: endpoints }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("restart"), internal: endpoints, peer: endpoints }),
    },
  ),
  { maxLength: 60 },
);

function selector(behavior: string, endpoint: Endpoint): string {
  if (behavior === "endpoint-independent") return "*";
  return behavior === "address-dependent" ? endpoint.address : formatEndpoint(endpoint);
}

for (const profile of Object.keys(NAT_PROFILES) as NatProfile[]) {
  Deno.test(`NatTable agrees with a model when anything is sent through ${profile}`, () => {
    fc.assert(fc.property(steps, endpoints, (script, prober) => {
      using rig = openRig({ profile, fraction: () => 0 });
      const { mapping: mapped, filtering } = NAT_PROFILES[profile];
      /** External port by what the mapping is keyed on, and what may come in by port. */
      let ports = new Map<string, number>();
      let permitted = new Map<number, Set<string>>();
      const retired = new Set<number>();
      for (const { kind, internal, peer } of script) {
        if (kind === "restart") {
          rig.table.restart();
          for (const port of ports.values()) retired.add(port);
          [ports, permitted] = [new Map(), new Map()];
          continue;
        }
        const { externalPort } = rig.table.outbound(internal, peer);
        const key = `${formatEndpoint(internal)} ${selector(mapped, peer)}`;
        assert.equal(externalPort, ports.get(key) ?? externalPort, "the mapping is stable");
        assert.ok(!retired.has(externalPort), "a forgotten port does not come back");
        assert.notEqual(externalPort, internal.port, "ports are not preserved");
        ports.set(key, externalPort);
        const allowed = permitted.get(externalPort) ?? new Set();
        permitted.set(externalPort, allowed.add(selector(filtering, peer)));
      }
      assert.equal(new Set(ports.values()).size, ports.size, "no two mappings share a port");
      assert.equal(rig.table.mappings.length, ports.size);
      for (const [port, allowed] of permitted) {
        const isLetIn = rig.table.inbound(port, prober) !== undefined;
        assert.equal(isLetIn, allowed.has(selector(filtering, prober)));
      }
    }));
  });
}
