import assert from "node:assert/strict";
import { formatEndpoint, parseHostPort } from "../../../src/core/endpoint.ts";
import { type Logger, silentLogger } from "../../../src/core/log.ts";
import type { Forwarder, ForwardSession } from "../../../src/forward/forwarder.ts";
import { openNftForwarder } from "../../../src/forward/nft_forwarder.ts";
import type { RunProgram } from "../../../src/forward/nft_json.ts";
import { installCommands } from "../../../src/forward/nft_ruleset.ts";
import type { ForwardOptions } from "../../../src/forward/options.ts";
import { settle } from "../../fakes/fake_clock.ts";
import { type FakeWorld, openFakeWorld } from "../../fakes/fake_world.ts";
import { NftKernelFake } from "./nft_kernel.ts";

const INTERNAL = { address: "192.168.1.2", port: 20_123 };
const OWNER = "p7_00000001";
const LIVING = "p8_00000002";
const DEAD = "p9_00000003";

interface Rig {
  readonly world: FakeWorld;
  readonly kernel: NftKernelFake;
  readonly files: Map<string, string>;
  readonly messages: string[];
  open(run?: RunProgram): Promise<Forwarder>;
  released: number;
}

function openRig(): Rig {
  const messages: string[] = [];
  const note = (message: string): void => void messages.push(message);
  const log: Logger = { ...silentLogger, info: note, warn: note, error: note };
  const world = openFakeWorld(log);
  const kernel = new NftKernelFake();
  const files = new Map([["/proc/net/unix", ` @porthole/nft/${LIVING}`], [
    "/proc/sys/net/ipv4/ip_forward",
    "1\n",
  ]]);
  const rig: Rig = {
    world,
    kernel,
    files,
    messages,
    released: 0,
    open: (run = kernel.run) =>
      openNftForwarder({
        platform: world.platform,
        run,
        claim: () => ({ id: OWNER, [Symbol.dispose]: (): void => void rig.released++ }),
        host: {
          readText: (path) => Promise.resolve(files.get(path)),
          addresses: () => [{ device: "lan0", address: INTERNAL.address, prefixBits: 24 }],
        },
      }),
  };
  return rig;
}

function optionsFor(target: string, changes: Partial<ForwardOptions> = {}): ForwardOptions {
  return {
    name: "web",
    protocol: "tcp",
    target: parseHostPort(target),
    method: "nftables",
    idleMs: 300_000,
    connectTimeoutMs: 10_000,
    isTransparent: false,
    access: { allow: [], deny: [] },
    ...changes,
  };
}

function forward(forwarder: Forwarder, options: ForwardOptions): ReturnType<Forwarder["forward"]> {
  return forwarder.forward(INTERNAL, options, () => {});
}

function targetOf({ target }: ForwardSession): string | undefined {
  return target && formatEndpoint(target);
}

/** Rules that another process has in the table. */
async function leave({ kernel }: Rig, owner: string): Promise<void> {
  const commands = installCommands(owner, [{
    id: `${owner}_t1`,
    name: "old",
    protocol: "tcp",
    internal: INTERNAL,
    way: { kind: "redirect", port: 80 },
    access: { allow: [], deny: [], perClient: 1 },
  }], new Set());
  await kernel.run(["nft", "-j", "-f", "-"], JSON.stringify({ nftables: commands }));
}

Deno.test("openNftForwarder() removes the table when its owners are dead", async () => {
  const rig = openRig();
  await leave(rig, DEAD);
  await using _forwarder = await rig.open();
  assert.ok(!rig.kernel.hasTable);
});

Deno.test("openNftForwarder() leaves rules of living processes alone, at start and at the end", async () => {
  const rig = openRig();
  await leave(rig, LIVING);
  const before = JSON.stringify([[...rig.kernel.objects], [...rig.kernel.rules]]);
  await leave(rig, DEAD);
  const forwarder = await rig.open();
  assert.equal(JSON.stringify([[...rig.kernel.objects], [...rig.kernel.rules]]), before);
  await forward(forwarder, optionsFor("192.168.1.2:80"));
  await forwarder[Symbol.asyncDispose]();
  assert.equal(JSON.stringify([[...rig.kernel.objects], [...rig.kernel.rules]]), before);
  assert.equal(rig.released, 1);
  assert.equal(rig.world.clock.pendingTimers, 0);
});

Deno.test("openNftForwarder() fails before anything is claimed when nft may not be used", async () => {
  const rig = openRig();
  const refused = rig.open(() =>
    Promise.resolve({ status: 1, stdout: "", stderr: "Operation not permitted" })
  );
  await assert.rejects(refused, { code: "nft_permission" });
  const missing = rig.open(() =>
    Promise.reject(Object.assign(new Error("no such program"), { code: "ENOENT" }))
  );
  await assert.rejects(missing, { code: "nft_unavailable" });
  assert.equal(rig.released, 0);
  assert.equal(rig.world.clock.pendingTimers, 0);
});

Deno.test("openNftForwarder() gives its mark back when it cannot tell who lives", async () => {
  const rig = openRig();
  rig.files.delete("/proc/net/unix");
  await assert.rejects(rig.open(), { code: "nft_owners_unknown" });
  assert.equal(rig.released, 1);
  assert.equal(rig.world.clock.pendingTimers, 0);
});

Deno.test("forward() refuses what only the relay can do, and leaves nothing", async () => {
  const rig = openRig();
  await using forwarder = await rig.open();
  const refusals: Partial<ForwardOptions>[] = [
    { proxyProtocol: "v2" },
    { isTransparent: true },
    { congestion: "bbr" },
    { access: { allow: [], deny: [], bytesPerSecond: 1000 } },
  ];
  for (const changes of refusals) {
    await assert.rejects(forward(forwarder, optionsFor("192.168.1.2:80", changes)), {
      code: "nft_unsupported",
    });
  }
  await assert.rejects(forward(forwarder, optionsFor("192.168.1.2:20123")), { code: "forward_loop" });
  rig.files.delete("/proc/sys/net/ipv4/ip_forward");
  await assert.rejects(forward(forwarder, optionsFor("10.0.0.1:80")), { code: "nft_no_forwarding" });
  assert.ok(!rig.kernel.hasTable);
});

Deno.test("forward() leaves other tunnels as they were when the kernel refuses", async () => {
  const rig = openRig();
  await using forwarder = await rig.open();
  await forward(forwarder, optionsFor("192.168.1.2:80"));
  const before = JSON.stringify([...rig.kernel.rules]);
  rig.kernel.refusal = "Error: Could not process rule: Not supported";
  await assert.rejects(forward(forwarder, optionsFor("192.168.1.2:81")), { code: "nft_refused" });
  rig.kernel.refusal = undefined;
  await rig.world.clock.advance(20_000);
  assert.equal(JSON.stringify([...rig.kernel.rules]), before);
});

Deno.test("forward() says so when the target will not see the clients", async () => {
  const rig = openRig();
  await using forwarder = await rig.open();
  rig.kernel.foreign.push({
    chain: {
      family: "ip",
      table: "filter",
      name: "FORWARD",
      type: "filter",
      hook: "forward",
      policy: "drop",
    },
  });
  await forward(forwarder, optionsFor("192.168.1.7:80"));
  assert.match(rig.messages.join("\n"), /this host's address instead of the clients'/);
  assert.match(rig.messages.join("\n"), /drops by default/);
});

Deno.test("disposing a session removes its rules only, twice being once", async () => {
  const rig = openRig();
  await using forwarder = await rig.open();
  const first = await forward(forwarder, optionsFor("192.168.1.2:80"));
  const second = await forward(
    forwarder,
    optionsFor("192.168.1.2:81", { access: { allow: [], deny: [], perClient: 1 } }),
  );
  await Promise.all([second[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
  assert.deepEqual(rig.kernel.names("set"), []);
  assert.equal(rig.kernel.names("counter").length, 4);
  assert.equal(rig.kernel.rulesOf("_dnat").length, 1);
  await first[Symbol.asyncDispose]();
  assert.ok(!rig.kernel.hasTable);
});

Deno.test("a session forgets its flows when it ends", async () => {
  const rig = openRig();
  await using forwarder = await rig.open();
  const session = await forward(forwarder, optionsFor("192.168.1.2:80"));
  await session[Symbol.asyncDispose]();
  assert.deepEqual(rig.kernel.others, [
    "conntrack -D -f ipv4 -p tcp --orig-port-dst 20123 --orig-dst 192.168.1.2 --dst-nat",
  ]);
});

Deno.test("retarget() moves targets with port 0, in one transaction", async () => {
  const rig = openRig();
  await using forwarder = await rig.open();
  const access = { allow: [], deny: [], perClient: 1, perClientPerSecond: 1, maxSessions: 1 };
  const session = await forward(forwarder, optionsFor("192.168.1.2:0", { access }));
  assert.equal(targetOf(session), undefined);
  assert.deepEqual(rig.kernel.rulesOf("_dnat"), []);
  for (const port of [41_000, 42_000]) {
    const before = rig.kernel.transactions;
    session.retarget({ address: "203.0.113.1", port });
    await settle();
    assert.equal(rig.kernel.transactions, before + 1);
    assert.equal(targetOf(session), `192.168.1.2:${port}`);
    assert.match(rig.kernel.rulesOf("_nat").join(), new RegExp(`"port":${port}`));
  }
});

Deno.test("retarget() stops forwarding when the external port is the tunnel's own, and goes on after that", async () => {
  const rig = openRig();
  await using forwarder = await rig.open();
  const session = await forward(forwarder, optionsFor("192.168.1.2:0"));
  session.retarget({ address: "203.0.113.1", port: INTERNAL.port });
  await settle();
  assert.equal(targetOf(session), undefined);
  assert.deepEqual(rig.kernel.rulesOf("_dnat"), []);
  await rig.world.clock.advance(30_000);
  assert.equal(rig.messages.filter((message) => message === "Forwarding stopped").length, 1);
  session.retarget({ address: "203.0.113.1", port: 41_000 });
  await settle();
  assert.equal(targetOf(session), "192.168.1.2:41000");
  assert.ok(rig.kernel.rulesOf("_dnat").length > 0);
});

Deno.test("retarget() is made up for when the kernel refused it", async () => {
  const rig = openRig();
  await using forwarder = await rig.open();
  const session = await forward(forwarder, optionsFor("192.168.1.2:0"));
  rig.kernel.refusal = "Error: Could not process rule: No buffer space available";
  session.retarget({ address: "203.0.113.1", port: 41_000 });
  await settle();
  assert.deepEqual(rig.kernel.rulesOf("_dnat"), []);
  rig.kernel.refusal = undefined;
  await rig.world.clock.advance(10_000);
  assert.match(rig.kernel.rulesOf("_nat").join(), /"port":41000/);
});

Deno.test("the forwarder makes its rules again when somebody flushed them", async () => {
  const rig = openRig();
  await using forwarder = await rig.open();
  await forward(forwarder, optionsFor("192.168.1.2:80"));
  const before = JSON.stringify([...rig.kernel.rules]);
  rig.kernel.flushRuleset();
  await rig.world.clock.advance(10_000);
  assert.equal(JSON.stringify([...rig.kernel.rules]), before);
  assert.match(rig.messages.join("\n"), /removed by somebody else/);
  const { transactions } = rig.kernel;
  await rig.world.clock.advance(60_000);
  assert.equal(rig.kernel.transactions, transactions, "nothing to do, nothing done");
});

Deno.test("a host name is resolved again: until it is found, and every minute", async () => {
  const rig = openRig();
  await using forwarder = await rig.open();
  const session = await forward(forwarder, optionsFor("nas.lan:80"));
  assert.equal(targetOf(session), undefined);
  rig.world.net.names.set("nas.lan", ["192.168.1.7"]);
  await rig.world.clock.advance(10_000);
  assert.equal(targetOf(session), "192.168.1.7:80");
  rig.world.net.names.set("nas.lan", ["192.168.1.8", "192.168.1.7"]);
  await rig.world.clock.advance(60_000);
  assert.equal(targetOf(session), "192.168.1.7:80", "one of several is kept");
  rig.world.net.names.set("nas.lan", ["192.168.1.8"]);
  await rig.world.clock.advance(60_000);
  assert.match(rig.kernel.rulesOf("_nat").join(), /"addr":"192\.168\.1\.8"/);
  rig.world.net.names.delete("nas.lan");
  await rig.world.clock.advance(60_000);
  assert.equal(targetOf(session), "192.168.1.8:80", "the last known one");
});

Deno.test("counters come from the kernel a moment after somebody looked", async () => {
  const rig = openRig();
  await using forwarder = await rig.open();
  const session = await forward(forwarder, optionsFor("192.168.1.2:80"));
  const flow =
    "src=192.0.2.2 dst=192.168.1.2 sport=1 dport=20123 src=192.168.1.2 dst=192.0.2.2 sport=80 dport=1";
  rig.files.set("/proc/net/nf_conntrack", `ipv4     2 tcp      6 431999 ESTABLISHED ${flow} [ASSURED]`);
  assert.deepEqual(session.counters, { active: 0, opened: 0, refused: 0, bytesIn: 0, bytesOut: 0 });
  await settle();
  assert.deepEqual(session.counters, { active: 1, opened: 3, refused: 3, bytesIn: 180, bytesOut: 180 });
});

Deno.test("forward() under way when the forwarder ends leaves nothing", async () => {
  const rig = openRig();
  const forwarder = await rig.open();
  const pending = forward(forwarder, optionsFor("192.168.1.2:80"));
  await Promise.all([assert.rejects(pending, TypeError), forwarder[Symbol.asyncDispose]()]);
  assert.ok(!rig.kernel.hasTable);
});

Deno.test("disposing the forwarder gives its mark back when the kernel refuses", async () => {
  const rig = openRig();
  let isRefusing = false;
  const forwarder = await rig.open((commandLine, input) =>
    isRefusing
      ? Promise.resolve({ status: 1, stdout: "", stderr: "Operation not permitted" })
      : rig.kernel.run(commandLine, input)
  );
  await forward(forwarder, optionsFor("192.168.1.2:80"));
  isRefusing = true;
  await assert.rejects(async () => await forwarder[Symbol.asyncDispose](), { code: "nft_permission" });
  assert.equal(rig.released, 1);
  assert.equal(rig.world.clock.pendingTimers, 0);
});

Deno.test("forward() after the end is the caller's mistake", async () => {
  const rig = openRig();
  const forwarder = await rig.open();
  await forwarder[Symbol.asyncDispose]();
  await assert.rejects(forward(forwarder, optionsFor("192.168.1.2:80")), TypeError);
});
