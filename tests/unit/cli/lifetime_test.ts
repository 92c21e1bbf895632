import assert from "node:assert/strict";
import type { TransportLifetime } from "../../../src/behavior/lifetime/lifetime_report.ts";
import { parseCommandLine } from "../../../src/cli/command_line.ts";
import { parseMaxMs } from "../../../src/cli/lifetime_parsers.ts";
import { lifetimeLines, lifetimeToJson, progressLine } from "../../../src/cli/lifetime_report.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { textsOf } from "../../../src/text/texts.ts";

const REPORT: TransportLifetime = {
  ...{ protocol: "udp", verdict: "measured", aliveMs: 59_431.9, deadMs: 61_300.1, recommendedMs: 19_000 },
  ...{ way: "response-port", sockets: 21, inboundRefresh: "no", outboundRefresh: "yes" },
  ...{ allocation: "random", samePortAgain: "no" },
  evidence: [
    { state: "alive", ageMs: 7000.4, server: { host: "stun.example", port: 3478 } },
    { state: "dead", ageMs: 61_300.1 },
  ],
};
const texts = textsOf("en");

function parse(line: string): unknown {
  const parsed = parseCommandLine(line.split(" "), { texts });
  return parsed.kind === "command" ? parsed.args : undefined;
}

Deno.test("parseCommandLine() reads lifetime", () => {
  const none = { ipv4: false, ipv6: false, interface: undefined, mark: undefined };
  const shared = { json: false, logLevel: undefined, quiet: false, lang: undefined };
  assert.deepEqual(parse("lifetime"), {
    ...{ command: "lifetime", tcp: false, udp: false, maxMs: undefined, stun: [], keepAlive: [] },
    ...none,
    ...shared,
  });
  assert.deepEqual(
    parse("lifetime --tcp --udp --max 2m --stun a --keep-alive b --interface eth0 --mark 7 -6 --json"),
    {
      ...{ command: "lifetime", tcp: true, udp: true, maxMs: 120_000, ipv4: false, ipv6: true, mark: 7 },
      stun: [{ host: "a", port: 3478 }],
      keepAlive: [{ host: "b", port: 80 }],
      interface: { kind: "device", name: "eth0" },
      ...shared,
      json: true,
    },
  );
  assert.throws(() => parse("lifetime --max 5s"), UsageError);
});

Deno.test("parseCommandLine() reads --interval auto, and refuses other words", () => {
  const args = parse("open 3456 --interval auto");
  assert.equal((args as { readonly intervalMs: unknown }).intervalMs, "auto");
  assert.throws(() => parse("open 3456 --interval soon"), /or auto/);
});

Deno.test("parseMaxMs() takes 10 s to 1 h", () => {
  assert.equal(parseMaxMs("10s"), 10_000);
  assert.equal(parseMaxMs("1h"), 3_600_000);
  for (const text of ["9s", "2h", "x", ""]) assert.throws(() => parseMaxMs(text), SyntaxError, text);
});

Deno.test("lifetimeToJson() rounds so that the interval stays true", () => {
  assert.deepEqual(JSON.parse(JSON.stringify(lifetimeToJson([REPORT]))), {
    udp: {
      ...{ verdict: "measured", aliveMs: 59_431, deadMs: 61_301, recommendedMs: 19_000 },
      ...{ inboundRefresh: "no", outboundRefresh: "yes", allocation: "random", samePortAgain: "no" },
      ...{ way: "response-port", sockets: 21 },
      evidence: [
        { state: "alive", ageMs: 7000, server: "stun.example:3478" },
        { state: "dead", ageMs: 61_300 },
      ],
    },
  });
});

Deno.test("lifetimeLines() says what was found, in both languages", () => {
  const words = lifetimeLines(REPORT, texts).join("\n");
  assert.match(words, /between 59\.4 s and 61\.4 s/);
  assert.match(words, /19 s/);
  assert.match(lifetimeLines(REPORT, textsOf("zh-CN")).join("\n"), /59\.4 秒 到 61\.4 秒 之间/);
});

Deno.test("lifetimeLines() says why nothing is known, or only a lower limit", () => {
  const unknown = lifetimeLines(
    { ...REPORT, verdict: "unknown", reason: "no-answer", way: undefined },
    texts,
  );
  assert.match(unknown.join("\n"), /unknown: no server answered/);
  const lower = { ...REPORT, verdict: "at-least", deadMs: undefined, reason: "servers-close" } as const;
  assert.match(lifetimeLines(lower, texts).join("\n"), /at least 59\.4 s: the servers end idle/);
});

Deno.test("progressLine() tells the limits so far", () => {
  const progress = { protocol: "udp", elapsedMs: 42_300, soFar: REPORT } as const;
  const bracket = { aliveMs: 29_100, deaths: 0, contradictions: 0 };
  assert.equal(progressLine({ ...progress, bracket }, texts), "UDP 42 s: lives 29.1 s or longer");
  const closed = { ...bracket, deadMs: 38_900 };
  assert.equal(
    progressLine({ ...progress, bracket: closed }, texts),
    "UDP 42 s: lives 29.1 s or longer, not 38.9 s",
  );
});
