/** The kernel method's rules: where traffic goes, who is seen, and that nothing stays behind. */
import assert from "node:assert/strict";
import { parseCidr } from "../../../src/forward/cidr.ts";
import { Nft, runProgram } from "../../../src/forward/nft_json.ts";
import {
  installCommands,
  installedTunnels,
  type NftTunnel,
  removeCommands,
  type TargetWay,
} from "../../../src/forward/nft_ruleset.ts";
import {
  CASE_PORT,
  HOST_ADDRESSES,
  ROUTER_LAN,
  STUN_ADDRESSES,
  STUN_PORT,
  V6,
  VISITOR,
} from "../addresses.ts";
import type { Agent } from "../agent_client.ts";
import { BEHIND, Behind } from "../behind.ts";
import type { VisitReport } from "../agent_protocol.ts";
import { inNamespace } from "../command.ts";
import { BOTH, type CaseContext, type LabCase, type Measure } from "../lab_case.ts";
import { NftProcess } from "../nft_process.ts";
import { visit } from "../visits.ts";

const INTERNAL = `${HOST_ADDRESSES[0]}:${CASE_PORT}`;
const SERVICE_PORT = 8080;
const NAME = "seen as {client}";

async function allowForwarding({ lab }: CaseContext): Promise<void> {
  await lab.exec("host", ["sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
}

async function serve({ protocol }: CaseContext, agent: Agent, at: string, text = NAME): Promise<void> {
  await agent.call(protocol === "tcp" ? "serveTcp" : "serveUdp", { at, text });
}

/** The host's own visit, past every NAT. */
async function visitFrom(context: CaseContext, agent: Agent, to: string): Promise<VisitReport> {
  return await agent.call(context.protocol === "tcp" ? "visitTcp" : "visitUdp", { to, timeoutMs: 2000 });
}

/** What a keeper does: asks STUN servers from the internal port, which opens the carrier's NAT. */
async function keep({ lab, protocol }: CaseContext, firstServer = 0): Promise<void> {
  const servers = STUN_ADDRESSES.slice(firstServer, firstServer + 2).map((address) =>
    `${address}:${STUN_PORT}`
  );
  const answers = await lab.agent("host").call(protocol === "tcp" ? "probeTcp" : "probeUdp", {
    from: INTERNAL,
    servers,
  });
  assert.deepEqual(
    answers,
    servers.map(() => lab.externalOf(CASE_PORT)),
    "answers of STUN servers reach the keeper",
  );
}

async function ruleset({ lab }: CaseContext): Promise<string> {
  return await lab.exec("host", ["nft", "list", "ruleset"]);
}

/** Tells an external endpoint and waits until rules name it. */
async function tell(context: CaseContext, forwarder: NftProcess, external: string): Promise<void> {
  await forwarder.retarget(external);
  const port = external.split(":")[1];
  for (let tried = 0; tried < 250; tried++) {
    if (new RegExp(`[: ]${port}\\b`).test(await ruleset(context))) return;
    await context.pause(20);
  }
  throw new Error(`No rule names port ${port}\n${forwarder.messages}`);
}

function owners(text: string): string[] {
  return [...new Set(text.match(/\bp\d+_[0-9a-f]{8}(?=_)/g) ?? [])];
}

async function assertSeenAs(context: CaseContext, address: string): Promise<void> {
  const report = await visit(context, context.lab.externalOf(CASE_PORT));
  assert.equal(report.text, `seen as ${address}`, report.error);
}

async function behind(context: CaseContext): Promise<Measure> {
  const { lab } = context;
  await using machine = await Behind.open(context);
  const target = `${BEHIND.target}:${SERVICE_PORT}`;
  await serve(context, machine.agent, target);
  await assert.rejects(NftProcess.start(context, { internal: INTERNAL, target }), {
    code: "nft_no_forwarding",
  });
  assert.equal(await ruleset(context), "", "a refusal leaves nothing");
  await allowForwarding(context);
  {
    await using forwarder = await NftProcess.start(context, { internal: INTERNAL, target });
    await keep(context);
    await assertSeenAs(context, VISITOR);
    const own = await visitFrom(context, lab.agent("host"), INTERNAL);
    assert.match(own.text, /^seen as /, `this host is served too: ${own.error}`);
    const counters = await forwarder.counters(({ opened, bytesOut }) => opened >= 2 && bytesOut > 0);
    assert.equal(counters.refused, 0);
    assert.ok(counters.bytesIn > 0);
    // Over TCP the agent listens there by now and cannot connect from the port once more.
    if (context.protocol === "udp") await keep(context, 2);
    await forwarder.counters(({ active }) => context.protocol === "tcp" || active > 0);
    await tell(context, forwarder, lab.externalOf(CASE_PORT));
    const inside = await visitFrom(context, machine.agent, lab.externalOf(CASE_PORT));
    assert.match(inside.text, /^seen as /, `clients behind us may use the public endpoint: ${inside.error}`);
  }
  assert.equal(await ruleset(context), "", "nothing is left");
  const flows = await lab.exec("host", ["conntrack", "-L", "--dst-nat", "--orig-dst", HOST_ADDRESSES[0]]);
  assert.equal(flows.trim(), "", "translated flows are forgotten");
  return { note: "client seen; STUN undisturbed" };
}

async function behindIpv6(context: CaseContext): Promise<Measure> {
  await using machine = await Behind.open(context);
  await allowForwarding(context);
  const [internal, target] = [`[${V6.host}]:${CASE_PORT}`, `[${BEHIND.target6}]:${SERVICE_PORT}`];
  await serve(context, machine.agent, target);
  await using _forwarder = await NftProcess.start(context, { internal, target, external: internal });
  const report = await visit(context, internal);
  assert.equal(report.text, `seen as ${V6.visitor}`, report.error);
  return { note: "client seen" };
}

async function masquerades(context: CaseContext): Promise<Measure> {
  await allowForwarding(context);
  const target = `${ROUTER_LAN}:${SERVICE_PORT}`;
  await serve(context, context.lab.agent("router"), target);
  await using forwarder = await NftProcess.start(context, { internal: INTERNAL, target });
  await keep(context);
  await assertSeenAs(context, HOST_ADDRESSES[0]);
  assert.match(forwarder.messages, /Masquerading/);
  return { note: "target on the clients' link: host seen" };
}

async function local(context: CaseContext): Promise<Measure> {
  const { lab } = context;
  const target = `127.0.0.1:${SERVICE_PORT}`;
  const deaf = `127.0.0.1:${SERVICE_PORT + 1}`;
  await serve(context, lab.agent("host"), deaf);
  await assert.rejects(NftProcess.start(context, { internal: INTERNAL, target: deaf }), {
    code: "nft_unsupported",
  });
  await serve(context, lab.agent("host"), `0.0.0.0:${SERVICE_PORT}`);
  {
    await using _forwarder = await NftProcess.start(context, { internal: INTERNAL, target });
    await keep(context);
    await assertSeenAs(context, VISITOR);
    const own = await visitFrom(context, lab.agent("host"), INTERNAL);
    assert.match(own.text, /^seen as /, `this host is served too: ${own.error}`);
  }
  await using _everywhere = await NftProcess.start(context, { internal: `0.0.0.0:${CASE_PORT}`, target });
  assert.match(await ruleset(context), /redirect to :8080/);
  await assertSeenAs(context, VISITOR);
  return { note: "client seen; loopback-only refused" };
}

/** Every form of rule, as this kernel and this nft take it. */
async function taken({ lab, protocol }: CaseContext): Promise<Measure> {
  const owner = "p1_00000000";
  const limits = { perClient: 3, perClientPerSecond: 3, maxSessions: 3 };
  const blocks = ["0.0.0.0/0", "10.0.0.0/8", "::/0", "2001:db8::/32"].map(parseCidr);
  const addresses = ["192.168.9.2", "0.0.0.0", "2001:db8:9::2", "::"];
  const tunnels = addresses.flatMap((address, i) => {
    const [to, away] = address.includes(":") ? ["fd77::2", "2001:db8::7"] : ["10.77.0.2", "203.0.113.1"];
    const ways: TargetWay[] = [
      { kind: "redirect", port: 80 },
      ...(["always", "same-link", "never"] as const).map((masquerade): TargetWay => ({
        kind: "dnat",
        to: { address: to, port: 80 },
        masquerade,
        device: "lan1",
      })),
    ];
    return ways.flatMap((way, j) =>
      [undefined, "lan0"].map((device, k): NftTunnel => ({
        id: `${owner}_t${i}${j}${k}`,
        name: "every form",
        protocol,
        internal: { address, port: 20_000 + i },
        external: { address: away, port: 4000 + j },
        device,
        mark: device === undefined ? undefined : 7,
        way,
        access: { allow: blocks, deny: blocks, ...limits },
      }))
    );
  });
  const nft = new Nft((commandLine, input) => runProgram(inNamespace(lab.names.host, commandLine), input));
  for (let round = 0; round < 2; round++) {
    const installed = installedTunnels(await nft.list("counters table inet porthole"));
    assert.equal(installed.size, round * tunnels.length);
    await nft.apply(installCommands(owner, tunnels, installed));
  }
  await nft.apply(removeCommands(await nft.list("table inet porthole")));
  assert.equal(
    (await lab.exec("host", ["nft", "list", "ruleset"])).replace(/\s/g, ""),
    "tableinetporthole{}",
  );
  return { note: `${tunnels.length} tunnels, twice` };
}

async function survivesKill(context: CaseContext): Promise<Measure> {
  const { lab } = context;
  await serve(context, lab.agent("host"), `0.0.0.0:${SERVICE_PORT}`);
  const options = { internal: INTERNAL, target: `${HOST_ADDRESSES[0]}:${SERVICE_PORT}` };
  const killed = await NftProcess.start(context, options);
  await killed.kill();
  const [before] = owners(await ruleset(context));
  assert.ok(before, "a kill leaves its rules");
  {
    await using first = await NftProcess.start(context, options);
    const [mine, ...further] = owners(await ruleset(context));
    assert.notEqual(mine, before);
    assert.deepEqual(further, [], "one rule set");
    {
      await using _second = await NftProcess.start(context, {
        ...options,
        internal: `${HOST_ADDRESSES[0]}:20500`,
      });
      assert.equal(owners(await ruleset(context)).length, 2, "living processes leave each other alone");
    }
    assert.deepEqual(owners(await ruleset(context)), [mine]);
    await keep(context);
    await assertSeenAs(context, VISITOR);
    await lab.exec("host", ["nft", "flush", "ruleset"]);
    const start = performance.now();
    while (owners(await ruleset(context)).length === 0 && performance.now() - start < 20_000) {
      await context.pause(500);
    }
    await assertSeenAs(context, VISITOR);
    assert.match(first.messages, /removed by somebody else/);
  }
  assert.equal(await ruleset(context), "", "nothing is left");
  return { note: "one rule set, made again when flushed, none at the end" };
}

async function retargets(context: CaseContext): Promise<Measure> {
  const { lab, protocol } = context;
  await using machine = await Behind.open(context);
  await allowForwarding(context);
  await serve(context, machine.agent, `${BEHIND.target}:5001`, "first");
  await serve(context, machine.agent, `${BEHIND.target}:5002`, "second");
  await using forwarder = await NftProcess.start(context, {
    internal: INTERNAL,
    target: `${BEHIND.target}:0`,
  });
  assert.doesNotMatch(
    await ruleset(context),
    /dnat ip to/,
    "nothing is forwarded while the port is not known",
  );
  await keep(context);
  await tell(context, forwarder, "203.0.113.1:5001");
  const to = lab.externalOf(CASE_PORT);
  assert.equal((await visit(context, to)).text, "first");
  const visitor = lab.agent("visitor");
  if (protocol === "tcp") await visitor.call("holdTcp", { from: `${VISITOR}:33333`, to });
  await tell(context, forwarder, "203.0.113.1:5002");
  assert.equal((await visit(context, to)).text, "second");
  if (protocol === "tcp") assert.equal(await visitor.call("pokeTcp", { timeoutMs: 2000 }), "answered");
  return { note: protocol === "tcp" ? "a running connection lives on" : "" };
}

async function refuses(context: CaseContext): Promise<Measure> {
  const { lab } = context;
  await serve(context, lab.agent("host"), `0.0.0.0:${SERVICE_PORT}`);
  const options = { internal: INTERNAL, target: `${HOST_ADDRESSES[0]}:${SERVICE_PORT}` };
  const to = lab.externalOf(CASE_PORT);
  const count = async (
    access: Parameters<typeof NftProcess.start>[1]["access"],
    visits: number,
  ): Promise<number> => {
    await using forwarder = await NftProcess.start(context, { ...options, ...(access ? { access } : {}) });
    const report = await visit(context, to, { count: visits, timeoutMs: 500 });
    if (report.served < visits) await forwarder.counters(({ refused }) => refused > 0);
    return report.served;
  };
  {
    await using _forwarder = await NftProcess.start(context, options);
    await keep(context);
  }
  assert.equal(await count({ deny: ["192.0.2.0/24", "192.0.2.2"] }, 1), 0, "denied");
  assert.equal(await count({ allow: ["10.0.0.0/8", "2001:db8::/32"] }, 1), 0, "not allowed");
  assert.equal(await count({ allow: ["2001:db8::/32"] }, 1), 0, "nobody of this family is allowed");
  assert.equal(await count({ allow: ["192.0.2.2"], deny: ["0.0.0.0/0"] }, 1), 0, "deny wins");
  assert.equal(await count({ allow: ["192.0.2.2", "192.0.0.0/8"], perClient: 50, maxSessions: 50 }, 5), 5);
  if (context.protocol === "udp") {
    // Each visit is from another port, and conntrack remembers the earlier ones.
    assert.equal(await count({ perClient: 3 }, 5), 3, "flows of one client");
    assert.equal(await count({ maxSessions: 2 }, 5), 2, "flows in all");
    await using forwarder = await NftProcess.start(context, { ...options, access: { maxSessions: 2 } });
    assert.equal((await visit(context, to, { count: 2 })).served, 2);
    await tell(context, forwarder, "203.0.113.1:4999");
    assert.equal(
      (await visit(context, to, { timeoutMs: 500 })).served,
      0,
      "new rules remember what there was",
    );
  }
  assert.ok(await count({ perClientPerSecond: 2 }, 12) < 12, "new flows per second");
  return { note: "deny, allow, per client, in all, per second" };
}

/** Cases of this file. */
export const forwardNft: readonly LabCase[] = [
  { name: "nft: target behind us", profile: "full-cone", protocols: BOTH, run: behind },
  { name: "nft: target behind us, IPv6", profile: "none", protocols: BOTH, run: behindIpv6 },
  { name: "nft: every form of rule", profile: "none", protocols: BOTH, run: taken },
  { name: "nft: masquerade", profile: "full-cone", protocols: BOTH, run: masquerades },
  { name: "nft: local target", profile: "full-cone", protocols: BOTH, run: local },
  {
    name: "nft: kill -9, flush",
    profile: "full-cone",
    protocols: BOTH,
    expectedSeconds: 20,
    run: survivesKill,
  },
  { name: "nft: retarget", profile: "full-cone", protocols: BOTH, run: retargets },
  { name: "nft: refusals", profile: "full-cone", protocols: BOTH, run: refuses },
];
