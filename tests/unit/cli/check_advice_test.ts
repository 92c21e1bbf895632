import assert from "node:assert/strict";
import type { NatReport } from "../../../src/behavior/nat_report.ts";
import { adviceFor } from "../../../src/cli/check_advice.ts";
import {
  ADVICE_CODES,
  adviceText,
  type CheckAdvice,
  type CheckAdviceCode,
} from "../../../src/text/advice_texts.ts";
import { LANGS } from "../../../src/text/lang.ts";
import { both, report, SEEN, transport } from "./nat_reports.ts";

const HOME = { port: 3456, router: "192.168.1.1" };
const DIRECT = { local: { address: "100.64.3.4", scope: "cgn" } } as const;
const ON6 = { family: 6, local: { address: "2001:db8::2", scope: "global" } } as const;
const ROUTER: readonly CheckAdviceCode[] = ["port-forward", "ask-router", "dmz", "bridge-mode"];
const CARRIER: readonly CheckAdviceCode[] = ["ask-carrier", "try-ipv6"];
const reason = (code: "time-up" | "no-rfc5780" | "outside-unsure" | "known-got-in"): {
  readonly code: typeof code;
  readonly text: string;
  readonly detail: string;
} => ({ code, text: code, detail: "because" });

type Row = readonly [string, NatReport, readonly CheckAdviceCode[], string?];

/** The last one is what the router has on its far side. */
const ROWS: readonly Row[] = [
  ["one layer, open", both({}), ["full-cone"], "203.0.113.10"],
  [
    "one layer, filtered",
    both(SEEN["portRestricted"]),
    [
      ...["one-layer", "filtered", "port-forward", "ask-router", "dmz", "host-firewall"] as const,
      "try-ipv6",
    ],
    "203.0.113.10",
  ],
  [
    "the carrier's NAT and the own one, filtered",
    both(SEEN["portRestricted"]),
    [
      ...["carrier-layer", "filtered", "port-forward", "ask-router", "dmz", "host-firewall"] as const,
      ...CARRIER,
    ],
    "100.64.0.2",
  ],
  [
    "a modem that routes, filtered",
    both(SEEN["portRestricted"]),
    ["modem-layer", "filtered", ...ROUTER, "host-firewall", ...CARRIER],
    "192.168.0.2",
  ],
  [
    "another public address, filtered",
    both(SEEN["portRestricted"]),
    ["filtered", ...ROUTER, "host-firewall", ...CARRIER],
    "5.5.5.5",
  ],
  [
    "one layer, symmetric",
    both(SEEN["symmetric"]),
    ["one-layer", "symmetric", "symmetric-router", "another-uplink", "try-ipv6"],
    "203.0.113.10",
  ],
  ["one layer, TCP unseen", both(SEEN["unseen"], {}), [
    ...["full-cone", "one-layer", "filtering-unknown", "no-hairpin"] as const,
  ], "203.0.113.10"],
  ["offline behind a router", both(SEEN["dead"]), ["offline"], "203.0.113.10"],
  ["full cone", both({}), ["full-cone"]],
  ["open", both(SEEN["open"]), ["open-internet"]],
  ["cloud", both(SEEN["cloud"]), ["one-to-one"]],
  ["firewall", both(SEEN["firewall"]), ["firewall"]],
  ["IPv6 firewall", both(SEEN["firewall"], SEEN["firewall"], ON6), ["firewall"]],
  [
    "restricted behind a router",
    both(SEEN["restricted"]),
    ["filtered", ...ROUTER, "host-firewall", ...CARRIER],
  ],
  [
    "two kinds of filtering",
    both(SEEN["filtered"], SEEN["portRestricted"]),
    ["filtered", "filtered", ...ROUTER, "host-firewall", ...CARRIER],
  ],
  [
    "restricted without a router",
    both(SEEN["restricted"], SEEN["restricted"], DIRECT),
    ["filtered", "host-firewall", ...CARRIER],
  ],
  [
    "TCP unseen, UDP filtered",
    both(SEEN["unseen"], SEEN["portRestricted"]),
    ["filtered", ...ROUTER, "host-firewall", ...CARRIER, "filtering-unknown"],
  ],
  [
    "symmetric",
    both(SEEN["symmetric"]),
    ["symmetric", "symmetric-router", "bridge-mode", "another-uplink", ...CARRIER],
  ],
  [
    "symmetric without a router",
    both(SEEN["symmetric"], SEEN["symmetric"], DIRECT),
    ["symmetric", "another-uplink", ...CARRIER],
  ],
  [
    "symmetric over UDP, restricted over TCP",
    both(SEEN["restricted"], SEEN["symmetric"]),
    [
      ...["filtered", ...ROUTER, "host-firewall", ...CARRIER] as const,
      ...["symmetric", "symmetric-router", "another-uplink"] as const,
    ],
  ],
  ["TCP unseen", both(SEEN["unseen"], {}), ["full-cone", "filtering-unknown", "no-hairpin"]],
  [
    "the reflector was at a loss",
    both({ ...SEEN["unseen"], filteringReason: reason("outside-unsure") }, {}),
    ["full-cone", "outside-unsure", "no-hairpin"],
  ],
  [
    "the reflector was known",
    both({ ...SEEN["unseen"], filteringReason: reason("known-got-in") }, {}),
    ["full-cone", "reflector-known", "no-hairpin"],
  ],
  [
    "no RFC 5780",
    both({}, { ...SEEN["unseen"], filteringReason: reason("no-rfc5780") }),
    ["full-cone", "filtering-unknown", "no-rfc5780", "no-hairpin"],
  ],
  ["UDP blocked", both({}, SEEN["blocked"]), ["blocked", "full-cone"]],
  ["all blocked", both(SEEN["blocked"]), ["offline"]],
  ["one blocked, one dead", both(SEEN["dead"], SEEN["blocked"]), ["offline"]],
  ["TCP alone dead", report({ tcp: transport("tcp", SEEN["dead"]) }), ["stun-dead"]],
  ["TCP alone blocked", report({ tcp: transport("tcp", SEEN["blocked"]) }), ["blocked"]],
  ["UDP dead", both({}, SEEN["dead"]), ["stun-dead", "full-cone"]],
  ["offline", both(SEEN["offline"]), ["no-route"]],
  ["no DNS", both(SEEN["nameless"]), ["no-server"]],
  ["port in use", both(SEEN["busy"], {}), ["bind-failed", "full-cone"]],
  [
    "time is up",
    both({ ...SEEN["unseen"], filteringReason: reason("time-up") }, {}),
    ["time-up", "full-cone", "filtering-unknown", "no-hairpin"],
  ],
  [
    "fake IP",
    both({ ...SEEN["dead"], suspicion: "fake-ip", suspicionReason: { code: "fake-ip", text: "fake" } }, {}),
    ["stun-dead", "proxy-fake-ip", "bypass-proxy", "full-cone"],
  ],
  [
    "transparent proxy",
    both({
      ...SEEN["symmetric"],
      suspicion: "answers-for-nobody",
      suspicionReason: { code: "answers-for-nobody", text: "taken" },
    }, {}),
    ["proxy-accepts-all", "bypass-proxy", "full-cone"],
  ],
  [
    "too fast, contradicted",
    both(
      { suspicion: "too-fast", suspicionReason: { code: "too-fast", text: "fast" } },
      { suspicion: "contradicted", suspicionReason: { code: "contradicted", text: "lie", detail: "X" } },
    ),
    ["proxy-too-fast", "contradicted", "bypass-proxy", "full-cone"],
  ],
  [
    "CGN as seen from outside",
    both({ scope: "cgn", external: { address: "100.64.9.9", port: 1 } }),
    ["inner-nat"],
  ],
  [
    "no NAT before servers of the own network",
    both({ ...SEEN["open"], scope: "private", external: { address: "10.0.0.9", port: 1 } }),
    ["inner-nat"],
  ],
  [
    "several addresses",
    both({
      severalAddresses: "yes",
      externals: ["203.0.113.10", "203.0.113.11"].map((address) => ({ address, port: 1 })),
    }, {}),
    ["full-cone", "several-addresses"],
  ],
];

Deno.test("adviceFor() gives what the report speaks for, in order, and nothing twice", () => {
  for (const [name, seen, codes, far] of ROWS) {
    const advice = adviceFor(seen, { ...HOME, far });
    assert.deepEqual(advice.map(({ code }) => code), codes, name);
    const lines = advice.map((one) => adviceText(one, "en"));
    assert.equal(new Set(lines).size, lines.length, name);
  }
});

Deno.test("adviceFor() points to IPv6 where only that has a way out", () => {
  for (const name of ["offline", "nameless"]) {
    for (const hasIpv6 of [false, true]) {
      const codes = adviceFor(both(SEEN[name]), { ...HOME, hasIpv6 }).map(({ code }) => code);
      assert.equal(codes.includes("try-ipv6"), hasIpv6, name);
    }
  }
});

Deno.test("adviceText() names the kind of an inner address in its own language", () => {
  for (const [scope, wanted] of [["private", /（内网）/], ["cgn", /（运营商级 NAT）/]] as const) {
    const text = adviceText({ code: "inner-nat", external: "10.0.0.9", scope }, "zh-CN");
    assert.match(text, wanted);
  }
});

function linesOf(seen: NatReport, surroundings: Parameters<typeof adviceFor>[1]): readonly string[] {
  return adviceFor(seen, surroundings).map((one) => adviceText(one, "en"));
}

Deno.test("adviceFor() names the exact port forward, the router and the command", () => {
  const [, forward = "", ask = "", dmz = ""] = linesOf(both(SEEN["portRestricted"]), HOME);
  assert.match(
    forward,
    /^Forward the port on the router 192\.168\.1\.1: TCP and UDP 3456 -> 192\.168\.1\.2:3456;/,
  );
  assert.match(ask, /porthole open --tcp --udp 3456 --gateway force$/);
  assert.match(dmz, /192\.168\.1\.2 the DMZ host of the router 192\.168\.1\.1;/);
  const [, unknown = ""] = linesOf(report({ udp: transport("udp", SEEN["restricted"]) }), {});
  assert.match(unknown, /^Forward the port on the router: UDP PORT -> 192\.168\.1\.2:PORT;/);
  const [modem = ""] = linesOf(both(SEEN["portRestricted"]), { ...HOME, far: "192.168.0.2" });
  assert.match(modem, /Forward the port there as well: TCP and UDP 3456 -> 192\.168\.0\.2:3456\.$/);
  const [next = ""] = linesOf(report({ udp: transport("udp") }), HOME);
  assert.match(next, /^Next: porthole open --udp 3456;/);
  const [wall = ""] = linesOf(both(SEEN["firewall"], SEEN["firewall"], ON6), { ...HOME, router: "fe80::1" });
  assert.match(wall, /IPv6 firewall of the router fe80::1, .* porthole open -6 --tcp --udp 3456 --gateway/);
});

Deno.test("every advice has words in both languages, on one line, with all that it knows", () => {
  const samples = new Map<CheckAdviceCode, CheckAdvice>();
  for (const [, seen, , far] of ROWS) {
    for (const one of adviceFor(seen, { ...HOME, far })) samples.set(one.code, one);
  }
  assert.deepEqual([...samples.keys()].toSorted(), ADVICE_CODES.toSorted(), "each advice needs a row");
  assert.deepEqual(LANGS.toSorted(), ["en", "zh-CN"]);
  for (const advice of samples.values()) {
    const [en, zh] = [adviceText(advice, "en"), adviceText(advice, "zh-CN")];
    for (const text of [en, zh]) {
      assert.doesNotMatch(text, /\n|undefined|\[object/, advice.code);
      if ("detail" in advice) assert.ok(text.includes(advice.detail), advice.code);
    }
    assert.doesNotMatch(en, /\p{Script=Han}/u);
    assert.match(zh, /\p{Script=Han}/u);
  }
});
