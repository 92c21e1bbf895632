/** A port is opened, announced, reachable, and stays so. */
import assert from "node:assert/strict";
import { CASE_PORT, HOST_ADDRESSES, KEEP_ALIVE, STUN_ADDRESSES, V6 } from "../addresses.ts";
import { BOTH, type CaseContext, type LabCase, type Measure } from "../lab_case.ts";
import type { Porthole } from "../porthole.ts";
import { assertServed, visit } from "../visits.ts";

/** Generous: the machine may be running five other labs. */
const MAP_LIMIT_MS = 10_000;

/** Starts with the test page and waits for the first endpoint. */
export async function mapWithTestPage(
  context: CaseContext,
  options: Parameters<CaseContext["start"]>[0] = {},
): Promise<Porthole> {
  const porthole = context.start({ ...options, args: ["--test", ...options.args ?? []] });
  await porthole.waitFor("mapped", MAP_LIMIT_MS);
  return porthole;
}

async function maps(context: CaseContext): Promise<Measure> {
  const porthole = context.start();
  const mapped = await porthole.waitFor("mapped", MAP_LIMIT_MS);
  assert.equal(mapped.external, context.lab.externalOf(CASE_PORT));
  assert.equal(mapped.internal, `${HOST_ADDRESSES[0]}:${CASE_PORT}`);
  assert.equal(mapped.protocol, context.protocol);
  return { seconds: (mapped.readAt - porthole.startedAt) / 1000, note: "process start to mapped" };
}

async function servesTestPage(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  if (context.protocol === "udp") await assertServed(context, porthole);
  else {
    const url = `http://${porthole.external}/`;
    const page = await context.lab.exec("visitor", ["curl", "-sS", "--max-time", "3", url]);
    assert.match(page, /It works!/);
    assert.match(page, /192\.0\.2\.2/, "the page names the visitor");
  }
  return { seconds: (performance.now() - porthole.startedAt) / 1000, note: "process start to page served" };
}

async function sharesPort(context: CaseContext, order: "service first" | "service later"): Promise<Measure> {
  const { lab, protocol } = context;
  const serve = protocol === "tcp" ? "serveTcp" : "serveUdp";
  const service = { at: `0.0.0.0:${CASE_PORT}`, text: "a service of its own" };
  if (order === "service first") await lab.agent("host").call(serve, service);
  const porthole = context.start();
  const { external = "" } = await porthole.waitFor("mapped", MAP_LIMIT_MS);
  if (order === "service later") await lab.agent("host").call(serve, service);
  const report = await visit(context, external, { count: 50 });
  if (report.served !== 50) throw porthole.failure(`${report.failed} of 50 visitors failed: ${report.error}`);
  assert.equal(report.text, service.text);
  return { note: "50 visitors" };
}

async function serves400(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  const start = performance.now();
  const report = await visit(context, porthole.external ?? "", { count: 400 });
  if (report.failed > 0) throw porthole.failure(`${report.failed} of 400 visitors failed: ${report.error}`);
  return { seconds: (performance.now() - start) / 1000, note: "each closing first" };
}

async function staysIdle(context: CaseContext, idleMs: number): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  const first = porthole.external;
  // Nobody visits meanwhile: a visitor's traffic would keep the mapping alive.
  await context.pause(idleMs);
  assert.equal(porthole.external, first);
  await assertServed(context, porthole);
  const said = porthole.events.filter(({ event }) => event === "lost" || event === "changed");
  assert.deepEqual(said, [], "nothing was lost meanwhile");
  return { seconds: idleMs / 1000, note: "idle, then a visitor" };
}

async function checksItself(context: CaseContext, nat: "hairpinning" | "no hairpinning"): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  const checked = await porthole.waitFor("checked", 10_000);
  assert.equal(checked.reachability, nat === "hairpinning" ? "reachable" : "unverified", checked.reason);
  return { note: nat === "hairpinning" ? "reachable" : "not verified" };
}

async function mapsV6(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context, { stun: V6.stun, keepAlive: V6.keepAlive, args: ["-6"] });
  assert.equal(porthole.external, `[${V6.host}]:${CASE_PORT}`);
  await assertServed(context, porthole);
  return { seconds: ((porthole.events[0]?.readAt ?? NaN) - porthole.startedAt) / 1000 };
}

async function mapsWithDeadServers(context: CaseContext): Promise<Measure> {
  const { lab } = context;
  await lab.silence([...STUN_ADDRESSES.slice(0, 4), KEEP_ALIVE.steady[0]]);
  const porthole = await mapWithTestPage(context);
  await assertServed(context, porthole);
  return {
    seconds: ((porthole.events[0]?.readAt ?? NaN) - porthole.startedAt) / 1000,
    note: "4 of 5 STUN silent",
  };
}

/** Cases of this file. */
export const mapping: readonly LabCase[] = [
  { name: "map", profile: "full-cone", protocols: BOTH, run: maps },
  { name: "map, most servers silent", profile: "full-cone", protocols: BOTH, run: mapsWithDeadServers },
  { name: "map, IPv6 without NAT", profile: "none", protocols: BOTH, run: mapsV6 },
  { name: "visitor connects", profile: "full-cone", protocols: BOTH, run: servesTestPage },
  {
    name: "service of its own, first",
    profile: "full-cone",
    protocols: BOTH,
    run: (context) => sharesPort(context, "service first"),
  },
  {
    name: "service of its own, later",
    profile: "full-cone",
    protocols: BOTH,
    run: (context) => sharesPort(context, "service later"),
  },
  { name: "400 visitors in a row", profile: "full-cone", protocols: BOTH, run: serves400 },
  {
    name: "self-check with hairpinning",
    profile: "full-cone",
    protocols: BOTH,
    hairpins: true,
    run: (context) => checksItself(context, "hairpinning"),
  },
  {
    name: "self-check without hairpinning",
    profile: "full-cone",
    protocols: BOTH,
    run: (context) => checksItself(context, "no hairpinning"),
  },
  {
    name: "idle beyond a lifetime of 60 s",
    profile: "full-cone",
    protocols: BOTH,
    lifetimeSeconds: 60,
    expectedSeconds: 80,
    run: (context) => staysIdle(context, 75_000),
  },
  {
    name: "idle beyond a lifetime of 20 s",
    profile: "full-cone",
    protocols: BOTH,
    lifetimeSeconds: 20,
    expectedSeconds: 50,
    run: (context) => staysIdle(context, 45_000),
  },
];
