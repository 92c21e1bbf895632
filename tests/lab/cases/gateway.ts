/** Inner routers: a visitor gets in only after the router was asked, and nothing of it stays behind. */
import assert from "node:assert/strict";
import type { GatewayWay } from "../../../src/core/mapping.ts";
import { CASE_PORT, HOST_ADDRESSES, ROUTER_LAN, V6 } from "../addresses.ts";
import { Behind } from "../behind.ts";
import { HomeRouter } from "../home_router.ts";
import { BOTH, type CaseContext, type LabCase, type Measure } from "../lab_case.ts";
import { Porthole } from "../porthole.ts";
import { assertServed, secondsUntilServed, visit } from "../visits.ts";
import { mapWithTestPage } from "./mapping.ts";

const WAYS: readonly GatewayWay[] = ["pcp", "nat-pmp", "upnp"];
const MAP_LIMIT_MS = 10_000;
const CHECK_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 5_000;
/** The longest pause between two looks at the router, and what it takes to ask anew. */
const RESTART_LIMIT_MS = 40_000;

/** The test page by `porthole run`, with one protocol only where one is named. */
async function serve(context: CaseContext, gateway: unknown): Promise<Porthole> {
  const { lab, protocol } = context;
  const tunnel = { name: "web", protocol, bind: CASE_PORT, test: true, force: true, gateway };
  const porthole = Porthole.startService(lab, {
    file: `${lab.folder}/porthole.json`,
    socket: `${lab.folder}/porthole.sock`,
    config: { tunnels: [tunnel] },
  });
  await porthole.waitFor("mapped", MAP_LIMIT_MS);
  return porthole;
}

function by(way: GatewayWay): unknown {
  return { mode: "force", protocols: [way] };
}

async function assertShutOut(context: CaseContext, porthole: Porthole): Promise<void> {
  const report = await visit(context, porthole.external ?? "", { timeoutMs: 1000 });
  if (report.served !== 0) throw porthole.failure("a visitor was served although nobody asked the router");
}

async function assertAsked(
  context: CaseContext,
  { porthole, router, way }: { porthole: Porthole; router: HomeRouter; way: GatewayWay },
): Promise<void> {
  const { gateway } = await porthole.waitFor("checked", CHECK_LIMIT_MS);
  if (gateway !== way) throw porthole.failure(`asked by ${gateway}\n  ${router.logLines.join("\n  ")}`);
  await assertServed(context, porthole);
  assert.match(
    await router.rules(),
    new RegExp(`dport ${CASE_PORT}\\b[^]*to ${HOST_ADDRESSES[0]}:${CASE_PORT}`),
  );
}

async function onlyAfterAsking(context: CaseContext, way: GatewayWay): Promise<Measure> {
  await using router = await HomeRouter.open(context.lab, { ways: [way] });
  {
    await using porthole = await serve(context, "off");
    await assertShutOut(context, porthole);
    assert.equal(await router.rules(), "", "the router was not asked");
    await porthole.stop(STOP_LIMIT_MS);
  }
  await using porthole = await serve(context, by(way));
  await assertAsked(context, { porthole, router, way });
  const { elapsedMs } = await porthole.stop(STOP_LIMIT_MS);
  assert.equal(await router.rules(), "", "the router was told to forget it");
  return { seconds: elapsedMs / 1000, note: "served; SIGTERM to given back" };
}

async function restarts(context: CaseContext, way: GatewayWay): Promise<Measure> {
  await using router = await HomeRouter.open(context.lab, { ways: [way] });
  await using porthole = await serve(context, by(way));
  await assertAsked(context, { porthole, router, way });
  // Longer than clocks of routers may be wrong.
  await context.pause(4_000);
  await router.restart();
  await assertShutOut(context, porthole);
  const since = performance.now();
  const options = { since, isFresh: (): boolean => true, limitMs: RESTART_LIMIT_MS };
  const seconds = await secondsUntilServed(context, porthole, options);
  const said = porthole.events.filter(({ event, readAt }) => event !== "checked" && readAt > since);
  assert.deepEqual(said, [], "the mapping stayed");
  return { seconds, note: "router restarted until served" };
}

/** What a killed run left behind is our own. */
async function takesOver(context: CaseContext, way: GatewayWay): Promise<Measure> {
  await using router = await HomeRouter.open(context.lab, { ways: WAYS });
  {
    await using porthole = await serve(context, by(way));
    await assertAsked(context, { porthole, router, way });
    porthole.kill("SIGKILL");
    await porthole.waitForEnd(STOP_LIMIT_MS);
  }
  assert.notEqual(await router.rules(), "", "what was killed could not give it back");
  await using porthole = await serve(context, "force");
  await porthole.waitFor("checked", CHECK_LIMIT_MS);
  await assertServed(context, porthole);
  const { gateway } = await porthole.waitFor("checked", CHECK_LIMIT_MS);
  await porthole.stop(STOP_LIMIT_MS);
  assert.equal(await router.rules(), "", "nothing is left");
  return { note: `killed, started again: by ${gateway}` };
}

/** What users get who never heard of any of this. */
async function asksByItself(context: CaseContext): Promise<Measure> {
  await using router = await HomeRouter.open(context.lab, { ways: WAYS });
  const porthole = await mapWithTestPage(context);
  const { readAt } = await porthole.waitFor("mapped", MAP_LIMIT_MS);
  const options = { since: readAt, isFresh: (): boolean => true, limitMs: CHECK_LIMIT_MS };
  const seconds = await secondsUntilServed(context, porthole, options);
  while (!porthole.events.some(({ gateway }) => gateway === "pcp")) {
    if (performance.now() - readAt > 2 * CHECK_LIMIT_MS) throw porthole.failure("it does not say so");
    await context.pause(50);
  }
  await porthole.stop(STOP_LIMIT_MS);
  assert.equal(await router.rules(), "", "nothing is left");
  return { seconds, note: "mapped until served" };
}

/** A router is left alone where strangers were seen to get in. */
async function leavesAlone(context: CaseContext): Promise<Measure> {
  await using router = await HomeRouter.open(context.lab, { ways: WAYS, openTo: HOST_ADDRESSES[0] });
  const porthole = await mapWithTestPage(context);
  const { reachability, gateway } = await porthole.waitFor("checked", CHECK_LIMIT_MS);
  assert.equal(reachability, "reachable");
  assert.equal(gateway, undefined);
  await context.pause(1_000);
  assert.equal(await router.rules(), "");
  return { note: "reachable, so not asked" };
}

/** Without a NAT the router's firewall is all that keeps strangers out. */
async function opensFirewall(context: CaseContext): Promise<Measure> {
  await using router = await HomeRouter.open(context.lab, { ways: ["pcp"] });
  const common = { stun: V6.stun, keepAlive: V6.keepAlive };
  {
    await using porthole = await mapWithTestPage(context, {
      ...common,
      args: ["-6", "--gateway", "off", "--force"],
    });
    await assertShutOut(context, porthole);
    await porthole.stop(STOP_LIMIT_MS);
  }
  const porthole = await mapWithTestPage(context, { ...common, args: ["-6", "--gateway", "force"] });
  const { gateway } = await porthole.waitFor("checked", CHECK_LIMIT_MS);
  if (gateway !== "pcp") throw porthole.failure(`asked by ${gateway}\n  ${router.logLines.join("\n  ")}`);
  await assertServed(context, porthole);
  await porthole.stop(STOP_LIMIT_MS);
  await using later = await mapWithTestPage(context, {
    ...common,
    args: ["-6", "--gateway", "off", "--force"],
  });
  await assertShutOut(context, later);
  return { note: "pinhole by PCP, closed at the end" };
}

/**
 * The machine behind the host is the user's; the host is the inner router, and the lab's router stands above it.
 * miniupnpd must not call its address what it is there, so only NAT-PMP, which goes by the sender, can succeed above;
 * PCP is refused (RFC 6887, section 8.3) before that.
 */
async function asksBoth(context: CaseContext): Promise<Measure> {
  const { lab } = context;
  await using _machine = await Behind.open(context);
  await lab.exec("host", ["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"]);
  const [wanAddress] = HOST_ADDRESSES;
  await using inner = await HomeRouter.open(lab, {
    ...{ ways: WAYS, namespace: lab.names.host, lan: "lan1", wan: "lan0", wanAddress },
    networks: ["10.77.0.0/24"],
  });
  await using outer = await HomeRouter.open(lab, { ways: ["nat-pmp"] });
  const under = ["ip", "netns", "exec", lab.names.host.replace(/host$/, "target")];
  {
    await using porthole = await mapWithTestPage(context, { under, args: ["--gateway", "force", "--force"] });
    await porthole.waitFor("checked", CHECK_LIMIT_MS);
    await assertShutOut(context, porthole);
    assert.match(await inner.rules(), /dport/, "the inner one alone is not enough");
    await porthole.stop(STOP_LIMIT_MS);
  }
  const porthole = await mapWithTestPage(context, { under, args: ["--gateway", ROUTER_LAN] });
  const { gateway } = await porthole.waitFor("checked", CHECK_LIMIT_MS);
  if (gateway !== "nat-pmp") throw porthole.failure(`asked by ${gateway}\n  ${outer.logLines.join("\n  ")}`);
  await assertServed(context, porthole);
  assert.match(await outer.rules(), new RegExp(`to ${wanAddress}:${CASE_PORT}`));
  await porthole.stop(STOP_LIMIT_MS);
  assert.equal(`${await inner.rules()}${await outer.rules()}`, "", "both were told to forget it");
  return { note: "both routers asked" };
}

const COMMON = { profile: "full-cone", protocols: BOTH, expectedSeconds: 12 } as const;

/** Cases of this file. */
export const gateway: readonly LabCase[] = [
  ...WAYS.flatMap((way): readonly LabCase[] => [
    { ...COMMON, name: `inner router, ${way}`, run: (context) => onlyAfterAsking(context, way) },
    {
      ...{ ...COMMON, name: `inner router restarts, ${way}`, expectedSeconds: 30 },
      run: (context) => restarts(context, way),
    },
    { ...COMMON, name: `inner router, after a kill, ${way}`, run: (context) => takesOver(context, way) },
  ]),
  { ...COMMON, name: "inner router, asked by default", run: asksByItself },
  { ...COMMON, name: "inner firewall over IPv6", profile: "none", run: opensFirewall },
  { ...COMMON, name: "router above the inner one", run: asksBoth },
  { ...COMMON, name: "inner router that is open", hairpins: true, run: leavesAlone },
];
