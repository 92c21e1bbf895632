import assert from "node:assert/strict";
import { reachLines, reachToJson } from "../../../src/cli/reach_report.ts";
import type { ReachReport } from "../../../src/reach/check_reach.ts";
import { type OutsideFinding, REACH_REASONS, type ReachEvidence } from "../../../src/reach/evidence.ts";
import { judgeReach } from "../../../src/reach/judge_reach.ts";
import { LANGS } from "../../../src/text/lang.ts";
import { textsOf } from "../../../src/text/texts.ts";

function reportOf(evidence: ReachEvidence, protocol: "tcp" | "udp" = "tcp"): ReachReport {
  const endpoint = { address: "203.0.113.10", port: 14_500 };
  return { endpoint, protocol, evidence, judgement: judgeReach(evidence) };
}

const reflected: OutsideFinding = {
  ...{ kind: "reflector", witness: "r.example", state: "yes", reason: "connected", ms: 12.345 },
  ...{ seen: "203.0.113.10", fromAskedAddress: false, from: { address: "198.51.100.4", port: 5 } },
};
const checked: OutsideFinding = {
  ...{ kind: "public", witness: "portcheck.transmissionbt.com", state: "yes", reason: "says-open" },
};
const silent = { state: "unknown", reason: "silent" } as const;

Deno.test("reachToJson() writes the verdict, what it rests on, and the advice", () => {
  const report = reportOf({
    target: { state: "yes", reason: "connected", ms: 0.04 },
    hairpin: { state: "no", reason: "refused", detail: "ECONNREFUSED" },
    outside: [reflected],
  });
  const text = JSON.stringify(reachToJson(report, textsOf("en")));
  assert.equal(
    text.replace(/"advice":\[.*\]/, '"advice":[]'),
    '{"endpoint":"203.0.113.10:14500","protocol":"tcp","verdict":"open","filtering":"endpoint-independent",' +
      '"target":{"state":"yes","reason":"connected","ms":0},"hairpin":{"state":"no","reason":"refused","detail":"ECONNREFUSED"},' +
      '"outside":[{"witness":"r.example","kind":"reflector","state":"yes","reason":"connected","ms":12.3,' +
      '"from":"198.51.100.4:5","seen":"203.0.113.10","fromAskedAddress":false}],"advice":[]}',
  );
});

Deno.test("reachLines() has a line for each look, aligned, then the verdict and what to do", () => {
  const report = reportOf({ hairpin: { state: "no", reason: "timeout" }, outside: [reflected, checked] });
  for (const lang of LANGS) {
    const lines = reachLines(report, textsOf(lang));
    assert.match(lines[0] ?? "", /203\.0\.113\.10:14500 \(tcp\)$/);
    assert.match(lines[2] ?? "", /198\.51\.100\.4:5/);
    assert.match(lines[3] ?? "", /^portcheck\.transmissionbt\.com {2}/);
    assert.ok(lines.slice(5).every((line) => line.startsWith("  * ")), lang);
  }
  const english = reachLines(report, textsOf("en"));
  assert.ok(english.join("\n").includes("from an address we never talked to"));
  assert.match(english[4] ?? "", /open: strangers get in, from any address$/);
});

Deno.test("reachLines() is honest about which address it came from", () => {
  const verdictOf = (outside: readonly OutsideFinding[]): string =>
    reachLines(reportOf({ hairpin: { state: "no", reason: "timeout" }, outside }), textsOf("en"))
      .find((line) => line.startsWith("verdict")) ?? "";
  assert.match(
    verdictOf([{ ...reflected, fromAskedAddress: true }]),
    /from the address that was asked but another port/,
  );
  assert.match(verdictOf([checked]), /open: somebody outside got in$/);
});

Deno.test("reachLines() says what would tell more where nobody could tell", () => {
  const no = { state: "no", reason: "timeout" } as const;
  const yes = { state: "yes", reason: "connected" } as const;
  const failed: OutsideFinding = { ...reflected, state: "unknown", reason: "failed", detail: "no answer" };
  const table: readonly (readonly [ReachEvidence, "tcp" | "udp", RegExp])[] = [
    [{ hairpin: no, outside: [] }, "tcp", /nobody outside was asked/],
    [{ hairpin: yes, outside: [] }, "tcp", /works from this host through the NAT and back/],
    [{ hairpin: silent, outside: [] }, "udp", /over UDP says nothing/],
    [{ hairpin: no, outside: [failed] }, "tcp", /nobody outside could tell/],
    [{ hairpin: no, outside: [{ ...reflected, ...silent }] }, "udp", /over UDP says nothing/],
    [{ target: no, hairpin: no, outside: [] }, "tcp", /target is closed/],
    [{ target: yes, hairpin: no, outside: [{ ...reflected, ...no }] }, "tcp", /hole punching failed/],
    [{ target: yes, hairpin: yes, outside: [{ ...reflected, ...no }] }, "tcp", /a firewall/],
    [{ hairpin: no, outside: [{ ...reflected, ...no }] }, "tcp", /closed: nobody outside gets in/],
  ];
  for (const [evidence, protocol, wanted] of table) {
    assert.match(reachLines(reportOf(evidence, protocol), textsOf("en")).join("\n"), wanted);
  }
});

Deno.test("reachLines() has words for every reason, in every language", () => {
  for (const lang of LANGS) {
    const seen = new Set<string>();
    for (const reason of REACH_REASONS) {
      const finding: OutsideFinding = {
        ...reflected,
        state: "unknown",
        reason,
        detail: "<why>",
        seen: "<seen>",
      };
      const [, , line = ""] = reachLines(reportOf({ hairpin: silent, outside: [finding] }), textsOf(lang));
      assert.doesNotMatch(line, /undefined/, reason);
      if (reason === "failed") assert.ok(line.includes("<why>"));
      if (reason === "other-address") assert.ok(line.includes("<seen>"));
      seen.add(line);
    }
    assert.equal(seen.size, REACH_REASONS.length, lang);
  }
});
