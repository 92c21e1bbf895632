/** `porthole forward` to a machine behind the host: the target sees the client itself. */
import assert from "node:assert/strict";
import { VISITOR } from "../addresses.ts";
import { BEHIND, Behind } from "../behind.ts";
import { BOTH, type CaseContext, type LabCase, type Measure } from "../lab_case.ts";
import { visit } from "../visits.ts";

const TARGET = `${BEHIND.target}:8080`;
const MAP_LIMIT_MS = 10_000;
const VISITORS = 20;

async function assertClientSeen(context: CaseContext, args: readonly string[]): Promise<Measure> {
  const { protocol } = context;
  await using machine = await Behind.open(context);
  const service = protocol === "tcp" ? "serveTcp" : "serveUdp";
  await machine.agent.call(service, { at: TARGET, text: "seen as {client}" });
  const porthole = context.start({ target: TARGET, args });
  await porthole.waitFor("mapped", MAP_LIMIT_MS);
  for (let n = 0; n < VISITORS; n++) {
    const report = await visit(context, porthole.external ?? "");
    if (report.text !== `seen as ${VISITOR}`) throw porthole.failure(`${report.text} ${report.error}`);
  }
  await porthole.stop(MAP_LIMIT_MS);
  return { note: `client seen by the target, ${VISITORS} visitors` };
}

/** Replies to an address that is not ours reach the relay's socket by this policy route (tproxy.rst of the kernel). */
async function routeRepliesHere({ lab }: CaseContext): Promise<void> {
  await lab.exec(
    "host",
    ["nft", "-f", "-"],
    "table inet replies { chain pre { type filter hook prerouting priority mangle;\n" +
      "iifname lan1 socket transparent 1 meta mark set 7;\n}\n}\n",
  );
  await lab.exec("host", ["ip", "rule", "add", "fwmark", "7", "lookup", "77"]);
  await lab.exec("host", ["ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo", "table", "77"]);
}

async function transparent(context: CaseContext): Promise<Measure> {
  await routeRepliesHere(context);
  return await assertClientSeen(context, ["--transparent"]);
}

async function kernelMethod(context: CaseContext): Promise<Measure> {
  const { lab } = context;
  await lab.exec("host", ["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"]);
  const measure = await assertClientSeen(context, ["--method", "nftables"]);
  const rules = await lab.exec("host", ["nft", "list", "ruleset"]);
  assert.equal(rules, "", "no rule is left");
  return measure;
}

/** Cases of this file. */
export const forwardBehind: readonly LabCase[] = [
  { name: "forward --transparent", run: transparent },
  { name: "forward --method nftables", run: kernelMethod },
].map((entry) => ({ ...entry, profile: "full-cone", protocols: BOTH, expectedSeconds: 5 }));
