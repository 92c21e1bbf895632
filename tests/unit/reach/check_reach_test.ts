import assert from "node:assert/strict";
import type { Protocol } from "../../../src/core/mapping.ts";
import type { Fetch } from "../../../src/reach/ask_http.ts";
import { PUBLIC_CHECKERS } from "../../../src/reach/ask_public.ts";
import { checkReach, type CheckReachOptions, type ReachReport } from "../../../src/reach/check_reach.ts";
import { watch } from "../../fakes/fake_world.ts";
import { CALLER, LISTEN, ReflectorRig, URL_BASE } from "./reflector_rig.ts";

const ENDPOINT = { address: CALLER.address, port: 14_500 };
const TARGET = { address: "192.168.1.50", port: 80 };
const BOTH: readonly Protocol[] = ["tcp", "udp"];

async function check(rig: ReflectorRig, options: Partial<CheckReachOptions> = {}): Promise<ReachReport> {
  const { fetch, world: { platform, clock, net } } = rig;
  const before = net.open.size;
  const { signal } = new AbortController();
  const checking = watch(checkReach({
    ...{ endpoint: ENDPOINT, protocol: "tcp", platform, fetch, reflector: { url: URL_BASE }, signal },
    ...options,
  }));
  await clock.advance(30_000);
  if (checking.error !== undefined) throw checking.error;
  assert.equal(clock.pendingTimers, 0, "a timer was left");
  // What visitors leave open on a listener of the test is not ours.
  if (before === 0) assert.equal(net.open.size, 0, "a socket was left");
  return checking.value ?? assert.fail("it takes longer than 30 s");
}

function states({ evidence: { target, hairpin, outside }, judgement }: ReachReport): readonly unknown[] {
  return [target?.reason, hairpin.reason, ...outside.map(({ reason }) => reason), judgement.verdict];
}

Deno.test("checkReach() finds a served TCP endpoint open, from here and from outside", async () => {
  const rig = new ReflectorRig();
  await rig.accept(ENDPOINT);
  await rig.accept(TARGET);
  const report = await check(rig, { target: TARGET });
  assert.deepEqual(states(report), ["connected", "connected", "connected", "open"]);
  assert.equal(report.judgement.proof, "not-port-restricted");
});

Deno.test("checkReach() tells a closed target from a hole that was not punched", async () => {
  const rig = new ReflectorRig();
  assert.deepEqual(states(await check(rig, { target: TARGET })), [
    "refused",
    "refused",
    "refused",
    "target-closed",
  ]);
  await rig.accept(TARGET);
  rig.world.net.silent.add(ENDPOINT.address);
  assert.deepEqual(states(await check(rig, { target: TARGET })), [
    ...["connected", "timeout", "timeout", "punching-failed"],
  ]);
  assert.deepEqual(states(await check(rig)), [undefined, "timeout", "timeout", "closed"]);
});

Deno.test("checkReach() with a listener of our own sees who came, over TCP and UDP", async () => {
  for (const protocol of BOTH) {
    const rig = new ReflectorRig({ fromAddress: "198.51.100.4" });
    rig.world.net.names.set("reflector.example", [LISTEN.address]);
    const report = await check(rig, { protocol, listen: ENDPOINT });
    assert.deepEqual(states(report), ["listening", "token", "token", "open"], protocol);
    assert.equal(report.evidence.outside[0]?.from?.address, "198.51.100.4");
    assert.equal(report.judgement.proof, "endpoint-independent");
  }
});

Deno.test("checkReach() does not believe in another address if it saw the one that was asked", async () => {
  const rig = new ReflectorRig({ fromAddress: "198.51.100.4" });
  // What the reflector takes for two addresses is one from outside.
  rig.world.net.names.set("reflector.example", [LISTEN.address, "198.51.100.4"]);
  const report = await check(rig, { listen: ENDPOINT });
  assert.equal(report.judgement.proof, "not-port-restricted");
});

Deno.test("checkReach() with a listener does not count others who accept in its place", async () => {
  const rig = new ReflectorRig();
  await rig.accept(ENDPOINT);
  const report = await check(rig, { listen: { ...ENDPOINT, address: "192.168.1.2" } });
  assert.deepEqual(states(report), ["listening", "other", "other", "unknown"]);
});

Deno.test("checkReach() over UDP calls the silence of a service unknown, and its answer yes", async () => {
  const silent = new ReflectorRig();
  assert.deepEqual(states(await check(silent, { protocol: "udp" })), [
    undefined,
    "silent",
    "silent",
    "unknown",
  ]);
  const rig = new ReflectorRig();
  const socket = await rig.world.net.openDatagram({
    local: ENDPOINT,
    onDatagram: (data, from) => {
      if (data.toHex() === "4242") socket.send(Uint8Array.of(1), from);
    },
  });
  const report = await check(rig, { protocol: "udp", send: Uint8Array.of(0x42, 0x42) });
  assert.deepEqual(states(report), [undefined, "answered", "answered", "open"]);
});

Deno.test("checkReach() knows that nothing is in between where the address is this host's own", async () => {
  const own = { address: "192.168.1.2", port: 80 };
  const rig = new ReflectorRig();
  rig.caller = { ...own, port: 5 };
  await rig.accept(own);
  const report = await check(rig, { endpoint: own });
  assert.deepEqual(states(report), ["connected", "own-address", "connected", "open"]);
});

Deno.test("checkReach() asks the public checkers only where it may, and only over TCP", async () => {
  for (const protocol of BOTH) {
    const asked: string[] = [];
    const fetch: Fetch = (url) => {
      asked.push(new URL(url).hostname);
      return Promise.resolve(new Response("0"));
    };
    const rig = new ReflectorRig();
    const none = await check(rig, { protocol, fetch, reflector: undefined });
    assert.deepEqual([none.evidence.outside, asked], [[], []]);
    const some = await check(rig, { protocol, fetch, reflector: undefined, publicCheckers: PUBLIC_CHECKERS });
    assert.deepEqual(asked, protocol === "tcp" ? ["ifconfig.co", "portcheck.transmissionbt.com"] : []);
    assert.equal(some.judgement.verdict, "unknown");
  }
});

Deno.test("checkReach() closes everything when it is aborted or the token cannot be used", async () => {
  const rig = new ReflectorRig();
  rig.world.net.silent.add(ENDPOINT.address);
  const { fetch, world: { platform, clock, net } } = rig;
  const stop = new AbortController();
  const reason = new Error("over");
  const options = { endpoint: ENDPOINT, protocol: "tcp", platform, fetch, signal: stop.signal } as const;
  const cut = watch(checkReach({ ...options, listen: { address: "192.168.1.2", port: 1 } }));
  await clock.advance(10);
  stop.abort(reason);
  await clock.advance(0);
  assert.equal(cut.error, reason);
  assert.deepEqual([net.open.size, clock.pendingTimers], [0, 0]);
  await assert.rejects(check(new ReflectorRig(), { reflector: { url: "nowhere" } }), TypeError);
});
