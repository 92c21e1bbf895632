/** NATs that cannot do it: no dead address is announced, and nothing is claimed that was not seen. */
import assert from "node:assert/strict";
import { BOTH, type CaseContext, type LabCase, type Measure } from "../lab_case.ts";
import { mapWithTestPage } from "./mapping.ts";

/** `open` ends with this status where the NAT cannot do it. */
const UNUSABLE = 4;

async function refuses(context: CaseContext): Promise<Measure> {
  const porthole = context.start({ args: ["--test"] });
  const { code } = await porthole.waitForEnd(15_000);
  if (code !== UNUSABLE) throw porthole.failure(`exit status ${code}`);
  const seconds = (performance.now() - porthole.startedAt) / 1000;
  assert.deepEqual(porthole.events.filter(({ external }) => external !== undefined), [], "nothing announced");
  assert.ok(porthole.events.some(({ event, reason }) => event === "unusable" && reason), "says why");
  return { seconds, note: "process start to exit 4" };
}

async function forced(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context, { args: ["--force"] });
  await context.pause(4000);
  if (porthole.events.some(({ event }) => event === "stopped")) throw porthole.failure("it gave up");
  return { note: "announced, goes on" };
}

async function neverClaimed(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  await porthole.waitFor("checked", 10_000);
  await context.pause(6000);
  const verdicts = porthole.events.flatMap(({ reachability }) => reachability ?? []);
  assert.deepEqual(new Set(verdicts), new Set(["unverified"]));
  return { note: "announced, never called reachable" };
}

/** Cases of this file. */
export const refusal: readonly LabCase[] = [
  { name: "refused with exit 4", profile: "symmetric", protocols: BOTH, run: refuses },
  { name: "refused with exit 4", profile: "port-restricted", protocols: ["udp"], run: refuses },
  { name: "refused with exit 4", profile: "address-restricted", protocols: ["udp"], run: refuses },
  { name: "--force goes on", profile: "symmetric", protocols: BOTH, run: forced },
  { name: "--force goes on", profile: "port-restricted", protocols: ["udp"], run: forced },
  { name: "never called reachable", profile: "port-restricted", protocols: ["tcp"], run: neverClaimed },
  { name: "never called reachable", profile: "address-restricted", protocols: ["tcp"], run: neverClaimed },
];
