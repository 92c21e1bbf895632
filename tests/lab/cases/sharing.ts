/** The port belongs to a service that runs already, or starts later: it keeps serving, and we share. */
import assert from "node:assert/strict";
import { CASE_PORT, HOST_ADDRESSES } from "../addresses.ts";
import type { Agent } from "../agent_client.ts";
import {
  datagramFor,
  descriptorsOf,
  HostService,
  NOBODY,
  type PortState,
  SERVICE_TEXT,
  type ServiceKind,
} from "../host_service.ts";
import type { CaseContext, LabCase, Measure } from "../lab_case.ts";
import type { Porthole } from "../porthole.ts";
import { visit } from "../visits.ts";

/** Generous: the machine may be running other labs. */
const MAP_LIMIT_MS = 15_000;
/** Requests during, and again after, sharing began. */
const REQUESTS = 1000;
/** Between two of them there may be a start of a process on a busy machine. */
const PATIENCE_MS = 3000;

/** What a service of a kind is like. */
interface Expectation {
  readonly kind: ServiceKind;
  /** `sharing` of the `mapped` event. */
  readonly sharing: string;
  /** What it does by itself. @default {"exclusive"} */
  readonly own?: PortState;
}

/** How requests went. */
interface Tally {
  readonly asked: number;
  readonly served: number;
  readonly error: string;
}

/** Lets an agent make this many requests, the answers of which must be the service's own. */
async function request(agent: Agent, kind: ServiceKind, to: string, count: number): Promise<Tally> {
  const service = kind === "dnsmasq" || kind === "plain datagrams" ? "udp" : "tcp";
  if (service === "udp") {
    const { payload, expected } = datagramFor(kind);
    const { answered, strange } = await agent.call("burstUdp", {
      ...{ to, count, payload, expected, timeoutMs: PATIENCE_MS },
    });
    return { asked: count, served: answered - strange, error: `${strange} strange answers` };
  }
  const { served, text, others, error } = await agent.call("visitTcp", { to, count, timeoutMs: PATIENCE_MS });
  const isOurs = others > 0 || (served > 0 && text !== SERVICE_TEXT);
  return {
    asked: count,
    served: isOurs ? 0 : served,
    error: isOurs ? `somebody else served: ${text}` : error,
  };
}

/** Requests from the LAN, without a pause, until `isOver`, and no fewer than {@linkcode REQUESTS}. */
async function requestUntil(
  context: CaseContext,
  kind: ServiceKind,
  isOver: () => boolean,
): Promise<Tally> {
  const agent = context.lab.agent("router");
  let tally: Tally = { asked: 0, served: 0, error: "" };
  while (tally.asked < REQUESTS || !isOver()) {
    const { asked, served, error } = await request(agent, kind, `${HOST_ADDRESSES[0]}:${CASE_PORT}`, 50);
    tally = {
      asked: tally.asked + asked,
      served: tally.served + served,
      error: tally.error || (served === asked ? "" : error),
    };
  }
  return tally;
}

function assertAllServed({ asked, served, error }: Tally, when: string, porthole: Porthole): void {
  if (served !== asked) throw porthole.failure(`${when}: ${served} of ${asked} served: ${error}`);
}

/** Waits until a count is what it was; connections of visitors take a moment to go. */
async function settle(
  context: CaseContext,
  count: () => Promise<readonly number[]>,
  expected: readonly number[],
): Promise<readonly number[]> {
  let seen = await count();
  for (let tries = 0; tries < 40 && String(seen) !== String(expected); tries++) {
    await context.pause(50);
    seen = await count();
  }
  return seen;
}

async function keepsServing(context: CaseContext, expectation: Expectation): Promise<Measure> {
  const { kind, sharing, own = "exclusive" } = expectation;
  await using service = await HostService.start(context.lab, kind);
  assert.equal(service.protocol, context.protocol);
  const before = await service.descriptors();
  assert.equal(await service.port(), own, "whether it shares by itself");
  let isMapped = false;
  const during = requestUntil(context, kind, () => isMapped);
  const porthole = context.start({ logLevel: "info" });
  try {
    const mapped = await porthole.waitFor("mapped", MAP_LIMIT_MS);
    assert.equal(mapped.sharing, sharing, porthole.logLines.join("\n"));
    isMapped = true;
    assertAllServed(await during, "while sharing began", porthole);
    assert.equal(await service.port(HOST_ADDRESSES[0]), "shareable");
    const ours = descriptorsOf(porthole.pid).length;
    const visitor = context.lab.agent("visitor");
    assertAllServed(
      await request(visitor, kind, porthole.external ?? "", REQUESTS),
      "through the NAT",
      porthole,
    );
    assert.deepEqual(await service.socketsSharedWith(porthole.pid), [], "no copy of theirs is kept");
    // Lookups and canaries come and go; a visit must not leave anything.
    assert.ok(descriptorsOf(porthole.pid).length < ours + 10, "our descriptors after the visits");
  } finally {
    isMapped = true;
    await during;
  }
  const { code } = await porthole.stop(MAP_LIMIT_MS);
  assert.equal(code, 143);
  assert.equal(await service.port(), own, "what it was before");
  assert.deepEqual(await settle(context, () => service.descriptors(), before), before, "its descriptors");
  const afterwards = await request(
    context.lab.agent("router"),
    kind,
    `${HOST_ADDRESSES[0]}:${CASE_PORT}`,
    50,
  );
  assertAllServed(afterwards, "afterwards", porthole);
  return { note: `2 x ${REQUESTS} requests, none lost` };
}

/** A restarted service has a new socket, which has to be made shareable in its turn. */
async function survivesRestart(context: CaseContext): Promise<Measure> {
  const { lab } = context;
  await using stack = new AsyncDisposableStack();
  const first = await HostService.start(lab, "http.server");
  const porthole = context.start({ logLevel: "info" });
  try {
    await porthole.waitFor("mapped", MAP_LIMIT_MS);
  } finally {
    await first[Symbol.asyncDispose]();
  }
  const second = stack.use(await HostService.start(lab, "nginx"));
  assert.equal(await second.port(), "exclusive");
  const since = performance.now();
  await lab.restartNat();
  const { external = "" } = await porthole.waitFor("changed", MAP_LIMIT_MS, since);
  assert.equal(external, lab.externalOf(CASE_PORT));
  const seconds = (performance.now() - since) / 1000;
  const report = await visit(context, external, { count: 100 });
  if (report.served !== 100 || report.text !== SERVICE_TEXT) {
    throw porthole.failure(`${report.failed} of 100 visitors failed: ${report.error}`);
  }
  await porthole.stop(MAP_LIMIT_MS);
  assert.equal(await second.port(), "exclusive", "what it was before");
  return { seconds, note: "service, then NAT, restarted: to changed" };
}

/** No capability at all, as an ordinary user has it; root's files stay readable, so that the program starts. */
const WITHOUT_PRIVILEGE = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];

/** Bound before the service starts, nothing of the service has to be touched, and no privilege is needed. */
async function comesFirst(context: CaseContext): Promise<Measure> {
  const { lab } = context;
  const porthole = context.start({
    ...{ args: ["--wait-for-service"], under: WITHOUT_PRIVILEGE, logLevel: "info" },
  });
  const { external = "" } = await porthole.waitFor("mapped", MAP_LIMIT_MS);
  assert.match(porthole.logLines.join("\n"), /the service may start now/);
  await using service = await HostService.start(lab, "http.server");
  assert.equal(await service.port(), "exclusive");
  // Without hairpinning nobody can be seen to come in, but no longer for want of a service.
  const checks = async (): Promise<boolean> => {
    const last = porthole.events.findLast(({ event }) => event === "checked");
    await context.pause(50);
    return last?.reason === "no hairpinning" || last?.reason?.startsWith("no hairpinning;") === true;
  };
  const limit = performance.now() + MAP_LIMIT_MS;
  while (!await checks()) {
    if (performance.now() > limit) throw porthole.failure("the service was never noticed");
  }
  const early = await visit(context, external, { count: 50 });
  assert.deepEqual([early.served, early.text], [50, SERVICE_TEXT], early.error);
  const since = performance.now();
  await lab.restartNat();
  const changed = await porthole.waitFor("changed", MAP_LIMIT_MS, since);
  const seconds = (performance.now() - since) / 1000;
  assert.equal(changed.sharing, "spare");
  const late = await visit(context, changed.external ?? "", { count: 50 });
  assert.deepEqual([late.served, late.text], [50, SERVICE_TEXT], late.error);
  assert.equal(await service.port(), "exclusive", "it was never touched");
  return { seconds, note: "no privilege; NAT restart to changed" };
}

/** Everything but CAP_CHOWN: the socket is made under the owner's uid instead. */
async function takesSetfsuid(context: CaseContext): Promise<Measure> {
  await using _service = await HostService.start(context.lab, "http.server");
  const porthole = context.start({ under: ["setpriv", "--bounding-set=-chown"], logLevel: "info" });
  const { external = "", sharing } = await porthole.waitFor("mapped", MAP_LIMIT_MS);
  assert.equal(sharing, "pidfd");
  const report = await visit(context, external, { count: 50 });
  assert.deepEqual([report.served, report.text], [50, SERVICE_TEXT], report.error);
  return { note: "without CAP_CHOWN" };
}

/** A way to run it that cannot work, and what has to be in its one line about it. */
interface Refusal {
  readonly under?: readonly string[];
  readonly args?: readonly string[];
  readonly says: readonly RegExp[];
}

const REFUSALS: readonly Refusal[] = [
  {
    under: WITHOUT_PRIVILEGE,
    says: [new RegExp(`uid ${NOBODY}\\b`), /not visible/, /CAP_SYS_PTRACE/, /--pid host/, /porthole forward/],
  },
  {
    under: ["setpriv", "--bounding-set=-sys_ptrace"],
    says: [/not visible; run as root or with CAP_SYS_PTRACE \(/],
  },
  {
    under: ["setpriv", "--bounding-set=-chown,-setuid"],
    says: [new RegExp(`uid ${NOBODY}\\b`), /CAP_CHOWN or CAP_SETUID/, /porthole forward/],
  },
  { args: ["--no-reuse"], says: [/EADDRINUSE/, /porthole forward/] },
];

/** Where it cannot be done, one line says why and what to do, and the service never notices. */
async function saysWhy(context: CaseContext): Promise<Measure> {
  await using service = await HostService.start(context.lab, "http.server");
  const before = await service.descriptors();
  for (const { says, ...how } of REFUSALS) {
    const porthole = context.start({ ...how, logLevel: "info" });
    const { code } = await porthole.waitForEnd(MAP_LIMIT_MS);
    if (code !== 1) throw porthole.failure(`exit status ${code}`);
    const errors = porthole.logLines.filter((line) => line.includes('"level":"ERROR"'));
    assert.equal(errors.length, 1, porthole.logLines.join("\n"));
    for (const pattern of says) assert.match(errors[0] ?? "", pattern);
    assert.equal(await service.port(), "exclusive");
  }
  assert.deepEqual(await settle(context, () => service.descriptors(), before), before);
  return { note: `${REFUSALS.length} reasons, exit 1` };
}

const SHARED: readonly Expectation[] = [
  { kind: "nginx", sharing: "pidfd" },
  { kind: "nginx reuseport", sharing: "service", own: "shareable" },
  { kind: "http.server", sharing: "pidfd" },
  { kind: "plain listener", sharing: "pidfd" },
  { kind: "dnsmasq", sharing: "service", own: "shareable" },
  { kind: "plain datagrams", sharing: "pidfd" },
];

/** Cases of this file. */
export const sharing: readonly LabCase[] = [
  ...SHARED.map((expectation): LabCase => ({
    name: `shared with ${expectation.kind}`,
    profile: "full-cone",
    protocols: /dnsmasq|datagrams/.test(expectation.kind) ? ["udp"] : ["tcp"],
    expectedSeconds: 10,
    run: (context) => keepsServing(context, expectation),
  })),
  ...([
    { name: "shared, then the service restarts", run: survivesRestart },
    { name: "bound before the service, no privilege", run: comesFirst },
    { name: "shared without CAP_CHOWN", run: takesSetfsuid },
    { name: "not shareable: says why", run: saysWhy },
  ] as const).map((entry): LabCase => ({
    ...{ ...entry, profile: "full-cone", protocols: ["tcp"], expectedSeconds: 8 },
  })),
];
