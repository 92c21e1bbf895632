/** `porthole forward` by the relay: strangers reach the target, are told of, and nothing stays behind. */
import assert from "node:assert/strict";
import { CASE_PORT, VISITOR } from "../addresses.ts";
import { BOTH, type CaseContext, type LabCase, type Measure } from "../lab_case.ts";
import type { Porthole, PortholeOptions } from "../porthole.ts";
import { RECOVERY_LIMIT_MS, visit } from "../visits.ts";

const MAP_LIMIT_MS = 10_000;
/** Asked for are 200 ms; the machine may be running five other labs. */
const END_LIMIT_MS = 1000;
const TERMINATED = 143;
const SERVICE_PORT = 8080;
const TARGET = `127.0.0.1:${SERVICE_PORT}`;
const TEXT = "the target";

/** Serves on loopback of the host, where only porthole can reach it. */
async function serve({ lab, protocol }: CaseContext, port: number = SERVICE_PORT): Promise<void> {
  const at = `127.0.0.1:${port}`;
  await lab.agent("host").call(protocol === "tcp" ? "serveTcp" : "serveUdp", { at, text: TEXT });
}

async function startForward(
  context: CaseContext,
  options: Omit<PortholeOptions, "protocol"> = {},
): Promise<Porthole> {
  const porthole = context.start({ target: TARGET, ...options });
  await porthole.waitFor("mapped", MAP_LIMIT_MS);
  return porthole;
}

async function assertVisitors(context: CaseContext, porthole: Porthole, count: number): Promise<void> {
  const report = await visit(context, porthole.external ?? "", { count });
  if (report.failed > 0) {
    throw porthole.failure(`${report.failed} of ${count} visitors failed: ${report.error}`);
  }
  assert.equal(report.text, TEXT);
}

async function servesStrangers(context: CaseContext): Promise<Measure> {
  await serve(context);
  const porthole = await startForward(context);
  await assertVisitors(context, porthole, 50);
  const opened = await porthole.waitFor("client", 5000);
  assert.equal(opened.state, "opened");
  assert.equal(opened.client?.split(":")[0], VISITOR, "the client is the visitor, not a NAT");
  return { note: "50 visitors" };
}

async function tellsEveryClient(context: CaseContext): Promise<Measure> {
  await serve(context);
  const porthole = await startForward(context, { args: ["--idle", "1s"] });
  await assertVisitors(context, porthole, 30);
  // UDP sessions end by being idle.
  await context.pause(context.protocol === "tcp" ? 500 : 4000);
  const ends = porthole.events.filter(({ client, state }) =>
    client?.startsWith(`${VISITOR}:`) && state === "closed"
  );
  assert.equal(ends.length, 30);
  assert.ok(ends.every(({ bytesIn = 0, bytesOut = 0 }) => bytesIn > 0 && bytesOut > 0), "with their bytes");
  return { note: "30 visitors, 30 ends" };
}

async function followsExternalPort(context: CaseContext): Promise<Measure> {
  const { lab } = context;
  await serve(context, Number(lab.externalOf(CASE_PORT).split(":")[1]));
  const porthole = await startForward(context, { target: "127.0.0.1:0" });
  await assertVisitors(context, porthole, 5);
  await lab.restartNat();
  await serve(context, Number(lab.externalOf(CASE_PORT).split(":")[1]));
  return { seconds: await secondsUntilForwarded(context, porthole), note: "NAT restart to visitor served" };
}

async function recoversFromRestart(context: CaseContext): Promise<Measure> {
  await serve(context);
  const porthole = await startForward(context);
  await assertVisitors(context, porthole, 5);
  await context.lab.restartNat();
  return { seconds: await secondsUntilForwarded(context, porthole), note: "NAT restart to visitor served" };
}

async function secondsUntilForwarded(context: CaseContext, porthole: Porthole): Promise<number> {
  const start = performance.now();
  while (performance.now() < start + RECOVERY_LIMIT_MS) {
    const to = context.lab.externalOf(CASE_PORT);
    if (porthole.external === to && (await visit(context, to, { timeoutMs: 350 })).text === TEXT) {
      return (performance.now() - start) / 1000;
    }
    await context.pause(20);
  }
  throw porthole.failure("no visitor was served");
}

async function targetComesLater(context: CaseContext): Promise<Measure> {
  const porthole = await startForward(context);
  const early = await visit(context, porthole.external ?? "", { timeoutMs: 1000 });
  assert.equal(early.served, 0);
  await serve(context);
  await assertVisitors(context, porthole, 5);
  assert.equal(porthole.events.filter(({ event }) => event === "mapped").length, 1, "the mapping stays");
  return { note: "turned away, then served" };
}

async function turnsAway(context: CaseContext): Promise<Measure> {
  await serve(context);
  const porthole = await startForward(context, { args: ["--deny", `${VISITOR}/24`] });
  const report = await visit(context, porthole.external ?? "", { timeoutMs: 1000 });
  assert.equal(report.served, 0);
  const refused = await porthole.waitFor("client", 5000);
  assert.deepEqual([refused.state, refused.client?.split(":")[0]], ["refused", VISITOR]);
  return { note: "told as refused" };
}

async function endsAtOnce(context: CaseContext): Promise<Measure> {
  await serve(context);
  const porthole = await startForward(context);
  await assertVisitors(context, porthole, 3);
  const [from, to] = [`${VISITOR}:40404`, porthole.external ?? ""];
  if (context.protocol === "tcp") await context.lab.agent("visitor").call("holdTcp", { from, to });
  const { code, elapsedMs } = await porthole.stop(10_000);
  if (code !== TERMINATED) throw porthole.failure(`exit status ${code}`);
  const sockets = await context.lab.exec("host", [
    "ss",
    "-Hantu",
    "state",
    "connected",
    "exclude",
    "time-wait",
  ]);
  assert.doesNotMatch(sockets, new RegExp(`:${CASE_PORT}\\b`), "no connection of the port is left");
  assert.doesNotMatch(await context.lab.exec("host", ["ss", "-Hlntu"]), new RegExp(`:${CASE_PORT}\\b`));
  if (context.protocol === "tcp") {
    const held = await context.lab.agent("visitor").call("pokeTcp", { timeoutMs: 1000 });
    assert.equal(held, "closed", "the client is not left waiting");
  }
  assert.ok(elapsedMs < END_LIMIT_MS, `${Math.round(elapsedMs)} ms`);
  return { seconds: elapsedMs / 1000, note: "SIGTERM to exit 143, with a client" };
}

const PROFILE = "full-cone";

/** Cases of this file. */
export const forward: readonly LabCase[] = [
  { name: "forward serves strangers", profile: PROFILE, protocols: BOTH, run: servesStrangers },
  { name: "forward tells every client", profile: PROFILE, protocols: BOTH, run: tellsEveryClient },
  { name: "forward to the external port", profile: PROFILE, protocols: BOTH, run: followsExternalPort },
  { name: "forward after a NAT restart", profile: PROFILE, protocols: BOTH, run: recoversFromRestart },
  { name: "forward before the target is there", profile: PROFILE, protocols: BOTH, run: targetComesLater },
  { name: "forward turns away the denied", profile: PROFILE, protocols: BOTH, run: turnsAway },
  { name: "forward ends at once", profile: PROFILE, protocols: BOTH, run: endsAtOnce },
];
