import assert from "node:assert/strict";
import { compareAddresses } from "../../../src/behavior/compare_addresses.ts";
import type { TransportReport } from "../../../src/behavior/nat_report.ts";
import { assertWhole } from "./check_rig.ts";
import { transport } from "../cli/nat_reports.ts";

function findings(udp: Partial<TransportReport>, tcp: Partial<TransportReport>): readonly string[] {
  const reports = compareAddresses([transport("udp", udp), transport("tcp", tcp)]);
  for (const report of reports) assertWhole(report);
  return reports.map(({ severalAddresses }) => severalAddresses);
}

Deno.test("compareAddresses() takes back that there is one address where the transports saw different ones", () => {
  const at = (address: string, port = 14_500): Partial<TransportReport> => ({
    external: { address, port },
    externals: [{ address, port }],
  });
  const other = at("203.0.113.11");
  assert.deepEqual(findings({}, {}), ["no", "no"]);
  assert.deepEqual(findings({}, at("203.0.113.10", 9)), ["no", "no"]);
  assert.deepEqual(findings({}, other), ["unknown", "unknown"]);
  assert.deepEqual(findings({}, { ...other, severalAddresses: "yes" }), ["unknown", "yes"]);
  assert.deepEqual(findings({}, { external: undefined, externals: [] }), ["no", "no"]);
  const suspicionReason = { code: "answers-for-nobody", text: "taken" } as const;
  const proxied = { ...other, suspicion: "answers-for-nobody", suspicionReason } as const;
  assert.deepEqual(findings({}, proxied), ["no", "no"]);
});
