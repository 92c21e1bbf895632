import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { DnsError } from "../../../src/find/dns/dns_error.ts";
import { WireDns } from "../../../src/find/dns/wire_dns.ts";
import {
  address,
  type DnsAnswers,
  nameServer,
  record,
  startOfAuthority,
  txt,
  TYPES,
} from "../../fakes/dns_server.ts";
import { type FakeWorld, watch } from "../../fakes/fake_world.ts";
import { openDnsWorld, serveDns, SERVER } from "./find_rig.ts";

const NEVER = new AbortController().signal;
const OWN: Endpoint = { address: "192.0.2.80", port: 53 };

/** A resolver whose cache holds "old", and a server of the zone that says "new". */
async function openZone(): Promise<FakeWorld & { readonly dns: DnsAnswers; readonly own: DnsAnswers }> {
  const world = await openDnsWorld([
    record("ns1.test", address(OWN.address)),
    record("x.zone.test", txt("old")),
  ]);
  world.dns.script = ({ type }) => {
    if (type === TYPES.SOA) return { authorities: [record("zone.test", startOfAuthority())] };
    if (type === TYPES.NS) return { answers: [record("zone.test", nameServer("ns1.test"))] };
    return undefined;
  };
  const own = await serveDns(world, [record("x.zone.test", txt("new"))], OWN);
  own.script = (query) => ({ ...own.fromZone(query), isAuthoritative: true });
  return { ...world, own };
}

async function askFresh({ clock, platform }: FakeWorld, name = "x.zone.test"): Promise<unknown> {
  const asked = watch(new WireDns({ platform, servers: [SERVER] }).fresh().ask(name, "TXT", NEVER));
  for (let n = 0; n < 20 && !asked.isSettled; n++) await clock.advance(500);
  const { value, error } = asked;
  return error instanceof DnsError
    ? error.failure
    : value?.records.flatMap((data) => data.type === "TXT" ? data.strings : []);
}

Deno.test("ZoneDns.ask() asks the zone's own server, past the cache", async () => {
  const world = await openZone();
  assert.deepEqual(await askFresh(world), ["new"]);
  assert.equal(world.own.queries.length, 1);
});

Deno.test("ZoneDns.ask() asks the resolver again where the zone's server does not serve", async () => {
  const changes: readonly ((world: Awaited<ReturnType<typeof openZone>>) => void)[] = [
    ({ own }) => own.script = () => "silent",
    ({ own }) => own.script = () => ({ rcode: 5 }),
    ({ own }) => own.script = (query) => own.fromZone(query), // not authoritative
    ({ net }) => net.silent.add(OWN.address),
    ({ dns }) => dns.script = ({ type }) => type === TYPES.SOA ? "silent" : undefined,
    ({ dns }) => dns.script = ({ type }) => type === TYPES.SOA ? { rcode: 2 } : undefined,
    ({ dns }) =>
      dns.script = ({ type }) =>
        type === TYPES.SOA ? { authorities: [record("evil.test", startOfAuthority())] } : undefined,
  ];
  for (const change of changes) {
    const world = await openZone();
    change(world);
    assert.deepEqual(await askFresh(world), ["old"], String(change));
  }
});

Deno.test("ZoneDns.ask() asks the zone's other server when one is down or does not serve", async () => {
  const dead: Endpoint = { address: "192.0.2.79", port: 53 };
  const states: readonly ((world: FakeWorld, down: DnsAnswers) => void)[] = [
    (_, down) => down.script = () => "silent",
    (_, down) => down.script = () => ({ rcode: 5 }),
    ({ net }) => net.silent.add(dead.address),
  ];
  for (const state of states) {
    const world = await openZone();
    const { dns, own } = world;
    dns.zone = [...dns.zone, record("ns0.test", address(dead.address))];
    const before = dns.script;
    dns.script = (query) =>
      query.type === TYPES.NS
        ? { answers: ["ns0.test", "ns1.test"].map((host) => record("zone.test", nameServer(host))) }
        : before?.(query);
    state(world, await serveDns(world, [], dead));
    const open = world.net.open.size;
    assert.deepEqual(await askFresh(world), ["new"], String(state));
    assert.equal(own.queries.length, 1);
    assert.deepEqual([world.net.open.size, world.clock.pendingTimers], [open, 0], "nothing is left");
  }
});

Deno.test("ZoneDns.ask() believes the zone's server that a name is gone", async () => {
  const world = await openZone();
  world.own.zone = [];
  assert.equal(await askFresh(world), "no-name");
});

Deno.test("ZoneDns.ask() finds the zone once for questions that belong together", async () => {
  const { clock, platform, dns, own } = await openZone();
  const fresh = new WireDns({ platform, servers: [SERVER] }).fresh();
  const asked = watch(
    Promise.all(["TXT", "A", "AAAA"].map((type) => fresh.ask("x.zone.test", type as "TXT", NEVER))),
  );
  for (let n = 0; n < 20 && !asked.isSettled; n++) await clock.advance(500);
  assert.equal(asked.value?.length, 3);
  assert.equal(dns.queries.filter(({ type }) => type === TYPES.SOA).length, 1);
  assert.equal(own.queries.length, 3);
});
