import assert from "node:assert/strict";
import type { TransportReport } from "../../../src/behavior/nat_report.ts";
import { adviceFor } from "../../../src/cli/check_advice.ts";
import { checkToJson } from "../../../src/cli/check_json.ts";
import { checkLines } from "../../../src/cli/check_lines.ts";
import { ProgressLine } from "../../../src/cli/check_progress.ts";
import { columnsOf } from "../../../src/cli/demo_layout.ts";
import { textsOf } from "../../../src/text/texts.ts";
import { both, report, SEEN, transport } from "./nat_reports.ts";

const en = textsOf("en");
const zh = textsOf("zh-CN");
const EVIDENCE: TransportReport["evidence"] = [{
  purpose: "mapping",
  protocol: "udp",
  asked: { address: "198.51.100.1", port: 3478 },
  server: { host: "stun.example", port: 3478 },
  local: { address: "192.168.1.2", port: 3456 },
  outcome: "answered",
  seen: { address: "203.0.113.10", port: 14_500 },
  rttMs: 12.3456,
}];

Deno.test("checkToJson() has the fields that were promised, and a reason beside each unknown", () => {
  const seen = both(SEEN["unseen"], { evidence: EVIDENCE });
  const advice = adviceFor(seen, {});
  const json = JSON.parse(
    JSON.stringify(
      checkToJson(seen, { advice, view: { router: "192.168.1.1", far: "100.64.0.2" }, lang: "en" }),
    ),
  );
  const { mapping, filtering, hairpinning, portPreservation, external, rfc3489 } = json.udp;
  assert.deepEqual({ mapping, filtering, hairpinning, portPreservation, external, rfc3489 }, {
    mapping: "endpoint-independent",
    filtering: "endpoint-independent",
    hairpinning: "yes",
    portPreservation: "no",
    external: "203.0.113.10:14500",
    rfc3489: "full-cone",
  });
  assert.deepEqual(json.udp.evidence, [{
    purpose: "mapping",
    asked: "198.51.100.1:3478",
    server: "stun.example:3478",
    local: "192.168.1.2:3456",
    outcome: "answered",
    seen: "203.0.113.10:14500",
    rttMs: 12.35,
  }]);
  assert.deepEqual(
    [json.tcp.filtering, json.tcp.filteringReason, json.tcp.filteringReasonCode],
    ["unknown", "nobody was asked to knock", "nobody-knocked"],
  );
  assert.deepEqual([json.udp.outlook, json.tcp.outlook], ["works", "maybe"]);
  assert.deepEqual(json.local, {
    address: "192.168.1.2",
    scope: "private",
    router: "192.168.1.1",
    routerExternal: "100.64.0.2",
    layers: "carrier",
  });
  assert.ok(json.advice.every((text: unknown) => typeof text === "string"));
  assert.deepEqual(json.adviceCodes, ["full-cone", "filtering-unknown", "no-hairpin"]);
  assert.equal(json.advice.length, json.adviceCodes.length);
});

Deno.test("checkToJson() leaves out a transport that was not asked for", () => {
  const seen = report({ tcp: transport("tcp") });
  const json = JSON.parse(JSON.stringify(checkToJson(seen, { advice: [], view: {}, lang: "en" })));
  assert.deepEqual([json.udp, json.tcp.rfc3489, json.local.router], [undefined, "full-cone", undefined]);
});

Deno.test("checkLines() begins with one verdict for all, or one for each transport", () => {
  const first = (seen: Parameters<typeof checkLines>[0], texts = en): readonly string[] => {
    const lines = checkLines(seen, { advice: [], view: {}, isVerbose: false, texts });
    return lines.includes("") ? lines.slice(0, lines.indexOf("")) : lines;
  };
  assert.deepEqual(first(both({})), ["porthole will work for TCP and UDP: full cone (NAT 1)"]);
  assert.deepEqual(first(both({}), zh), ["porthole 可用于 TCP 和 UDP：全锥形（NAT 1）"]);
  assert.deepEqual(first(both(SEEN["unseen"], {})), [
    "porthole may work for TCP: a cone (NAT 1, 2 or 3); no hairpinning was seen, and nobody outside was asked to knock",
    "porthole will work for UDP: full cone (NAT 1)",
  ]);
  assert.deepEqual(first(both(SEEN["dead"])), [
    "it cannot be told whether porthole works for TCP and UDP: no STUN server answered",
  ]);
});

Deno.test("checkLines() aligns its columns in both languages and lists evidence when asked", () => {
  const seen = both(SEEN["portRestricted"], { evidence: EVIDENCE });
  for (const texts of [en, zh]) {
    const lines = checkLines(seen, {
      advice: adviceFor(seen, {}),
      view: { router: "192.168.1.1", far: "100.64.0.2" },
      isVerbose: true,
      texts,
    });
    const columns = (cell: string): number => {
      const row = lines.find((line) => line.includes(cell)) ?? assert.fail(`no ${cell}`);
      return columnsOf(row.slice(0, row.indexOf(cell)));
    };
    assert.equal(columns("192.168.1.2"), columns("TCP   "));
    assert.equal(columns("192.168.1.1"), columns(texts.check.kinds["port-restricted"] + " "));
    const all = lines.join("\n");
    assert.match(all, /udp mapping +192\.168\.1\.2:3456 +-> 198\.51\.100\.1:3478 +answered .* 12\.3 ms/);
    assert.ok(lines.includes(texts.check.heading));
  }
  const brief = checkLines(seen, { advice: [], view: {}, isVerbose: false, texts: en });
  assert.ok(!brief.some((line) => line.includes("198.51.100.1")));
});

Deno.test("ProgressLine writes over itself, clears, and writes nothing without a terminal", async () => {
  for (const isTerminal of [true, false]) {
    const written: string[] = [];
    const sink = {
      write: (bytes: Uint8Array): Promise<number> => {
        written.push(new TextDecoder().decode(bytes));
        return Promise.resolve(bytes.length);
      },
    };
    const progress = new ProgressLine({ sink, isTerminal });
    progress.show("1/2");
    progress.show("2/2");
    await progress.clear();
    await progress.clear();
    assert.deepEqual(written, isTerminal ? ["\r1/2\x1b[K", "\r2/2\x1b[K", "\r\x1b[K"] : []);
  }
});

Deno.test("ProgressLine does not mind a terminal that is gone", async () => {
  const sink = { write: (): Promise<number> => Promise.reject(new Deno.errors.BrokenPipe("gone")) };
  const progress = new ProgressLine({ sink, isTerminal: true });
  progress.show("1/2");
  await progress.clear();
});
