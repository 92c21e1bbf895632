/** `porthole check`: what it says of each NAT is what the NAT is, and what Debian's own tools say of it. */
import assert from "node:assert/strict";
import { HOST_ADDRESSES, ROUTER_LAN, STUN_ADDRESSES, STUN_PORT } from "../addresses.ts";
import { inNamespace } from "../command.ts";
import { DECLARED_ADDRESS, HomeRouter } from "../home_router.ts";
import { BOTH, type CaseContext, type LabCase, type Measure } from "../lab_case.ts";
import { LineProcess } from "../line_process.ts";
import type { NatProfile } from "../nat_ruleset.ts";
import { type OtherView, type StunKind, StunTools } from "../stun_tools.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;
const PORTHOLE = [Deno.execPath(), "run", "-A", "--cached-only", MAIN];
const ENV = { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", LANG: "C.UTF-8" };
const EI = "endpoint-independent";
const AD = "address-dependent";
const APD = "address-and-port-dependent";
/** A reflector, and the address that it knocks from. */
const REFLECTOR = { listen: "198.51.100.70", from: "198.51.100.71", port: 8080 } as const;
const PORT = 20_777;
/** Ports for Debian's `stun`, in the block that the NAT maps. */
const CLIENT_PORTS = [20_300, 20_310, 20_320] as const;

/** A transport in the JSON of `check`, as far as cases look at it. */
interface Transport {
  readonly mapping: string;
  readonly filtering: string;
  readonly filteringReason?: string;
  readonly filteringWay?: string;
  readonly strangersGetIn: string;
  readonly hairpinning: string;
  readonly rfc3489: string;
  readonly external?: string;
  readonly suspicion: string;
  readonly portPreservation: string;
  readonly outlook: string;
}

interface Report {
  readonly udp?: Transport;
  readonly tcp?: Transport;
  readonly advice: readonly string[];
  readonly adviceCodes: readonly string[];
  readonly local: { readonly router?: string; readonly routerExternal?: string };
  readonly sends: number;
}

interface Ended {
  readonly report: Report;
  /** Of the transport of the case. */
  readonly one: Transport;
  readonly code: number;
  /** From start to end. */
  readonly seconds: number;
}

const USUAL = STUN_ADDRESSES.filter((address) => address !== STUN_ADDRESSES[1]).flatMap((address) => [
  ...["--stun", `${address}:${STUN_PORT}`],
]);

/** Runs `porthole check` on the host, over one transport, or over both if there is no protocol. */
async function check(
  { lab, protocol }: CaseContext,
  flags: readonly string[],
  only: readonly string[] = [`--${protocol}`],
): Promise<Ended> {
  const lines: string[] = [];
  const start = performance.now();
  const command = [...PORTHOLE, "check", "--json", ...only, ...flags];
  await using process = LineProcess.start(inNamespace(lab.names.host, command), {
    env: ENV,
    onLine: (line) => lines.push(line),
  });
  const { code } = await process.done;
  const seconds = (performance.now() - start) / 1000;
  const report: Report | undefined = lines[0] === undefined ? undefined : JSON.parse(lines[0]);
  const one = report?.[protocol];
  if (report === undefined || one === undefined) {
    throw new Error(`Cannot pass: check said nothing: ${process.errorLines.join("\n  ")}`);
  }
  return { report, one, code, seconds };
}

/** Mapping, filtering, kind and exit status over UDP. */
const UDP: Readonly<Record<Exclude<NatProfile, "none">, readonly [string, string, string, number]>> = {
  "full-cone": [EI, EI, "full-cone", 0],
  "address-restricted": [EI, AD, "restricted", 4],
  "port-restricted": [EI, APD, "port-restricted", 4],
  "symmetric": [APD, "unknown", "symmetric", 4],
};

function assertAgrees({ one }: Ended, other: OtherView, who: string): void {
  const mapping = other.mapping === "dependent" ? APD : other.mapping;
  assert.equal(mapping, one.mapping, `${who}: ${other.text}`);
  // Where mappings differ, they report what is no property of the NAT, and we say so.
  if (one.filtering !== "unknown") assert.equal(other.filtering, one.filtering, `${who}: ${other.text}`);
  if (other.hairpins === undefined || one.hairpinning === "unknown") return;
  assert.equal(other.hairpins ? "yes" : "no", one.hairpinning, `${who}: ${other.text}`);
}

function agreesOn(profile: Exclude<NatProfile, "none">): LabCase["run"] {
  return async (context) => {
    await using tools = await StunTools.open(context.lab);
    const kinds: readonly StunKind[] = ["coturn", "stund", "own"];
    let seconds = 0;
    let sends = 0;
    for (const [i, kind] of kinds.entries()) {
      const ended = await check(context, tools.flagsFor(kind));
      const { mapping, filtering, rfc3489, external, suspicion } = ended.one;
      assert.deepEqual([mapping, filtering, rfc3489, ended.code], UDP[profile], `by ${kind}`);
      assert.deepEqual([external?.split(":")[0], suspicion], ["203.0.113.1", "none"]);
      const server = tools.addressOf(kind);
      const [client, discovery] = await Promise.all([
        tools.askStunClient(server, CLIENT_PORTS[i] ?? 0),
        // stund is of RFC 3489 and has no OTHER-ADDRESS.
        kind === "stund" ? undefined : tools.askNatDiscovery(server),
      ]);
      assertAgrees(ended, client, `stun, by ${kind}`);
      if (discovery !== undefined) assertAgrees(ended, discovery, `turnutils_natdiscovery, by ${kind}`);
      seconds = Math.max(seconds, ended.seconds);
      sends = Math.max(sends, ended.report.sends);
    }
    return { seconds, note: `the slowest of 3 checks, ${sends} packets; stun and natdiscovery agree` };
  };
}

/** What hairpinning lets be seen over TCP. The lab's NAT hairpins as a full cone only. */
interface TcpRow {
  readonly profile: Exclude<NatProfile, "none">;
  readonly hairpins: boolean;
  readonly mapping: string;
  readonly filtering: string;
  readonly hairpinning: string;
  readonly rfc3489: string;
  readonly outlook: string;
  readonly code: number;
}

const TCP: readonly TcpRow[] = [
  {
    ...{ profile: "full-cone", hairpins: true, mapping: EI, filtering: EI, hairpinning: "yes" },
    ...{ rfc3489: "full-cone", outlook: "works", code: 0 },
  },
  {
    ...{ profile: "full-cone", hairpins: false, mapping: EI, filtering: "unknown", hairpinning: "no" },
    ...{ rfc3489: "unknown", outlook: "maybe", code: 0 },
  },
  {
    ...{ profile: "address-restricted", hairpins: false, mapping: EI, filtering: "unknown" },
    ...{ hairpinning: "no", rfc3489: "unknown", outlook: "maybe", code: 0 },
  },
  {
    ...{ profile: "port-restricted", hairpins: false, mapping: EI, filtering: "unknown" },
    ...{ hairpinning: "no", rfc3489: "unknown", outlook: "maybe", code: 0 },
  },
  {
    ...{ profile: "symmetric", hairpins: false, mapping: APD, filtering: "unknown" },
    ...{ hairpinning: "unknown", rfc3489: "symmetric", outlook: "cannot", code: 4 },
  },
];

function findsOverTcp(row: TcpRow): LabCase["run"] {
  return async (context) => {
    const { one, code, seconds, report } = await check(context, USUAL);
    const { mapping, filtering, hairpinning, rfc3489, outlook } = one;
    const { profile: _, hairpins: __, ...expected } = row;
    assert.deepEqual({ mapping, filtering, hairpinning, rfc3489, outlook, code }, expected);
    assert.equal(one.filteringReason === undefined, filtering !== "unknown");
    return { seconds, note: `${one.filteringReason ?? one.filteringWay}, ${report.sends} packets` };
  };
}

/** Both transports at once, as most people run it. */
async function findsBoth(context: CaseContext): Promise<Measure> {
  const { report: { udp, tcp, sends }, seconds, code } = await check(context, USUAL, []);
  assert.deepEqual([udp?.rfc3489, udp?.outlook, tcp?.mapping, code], ["full-cone", "works", EI, 0]);
  return { seconds, note: `UDP and TCP, ${sends} packets` };
}

/** A stranger's knock settles what hairpinning leaves open. */
function settlesByReflector(nat: "open" | "shut"): LabCase["run"] {
  const isOpen = nat === "open";
  return async (context) => {
    const { lab } = context;
    for (const address of [REFLECTOR.listen, REFLECTOR.from]) {
      await lab.exec("internet", ["ip", "address", "replace", `${address}/32`, "dev", "lo"]);
    }
    const ready = Promise.withResolvers<void>();
    const listen = `${REFLECTOR.listen}:${REFLECTOR.port}`;
    const command = [...PORTHOLE, "reflector", "--listen", listen, "--from-address", REFLECTOR.from];
    await using reflector = LineProcess.start(
      inNamespace(lab.names.internet, [...command, "--token", "env:TOKEN", "--json"]),
      {
        env: { ...ENV, TOKEN: "lab-0123456789abcdef" },
        onLine: (line) => line.includes('"listening"') && ready.resolve(),
      },
    );
    reflector.done.then(() =>
      ready.reject(new Error(`Cannot start the reflector: ${reflector.errorLines.join(" ")}`))
    );
    await ready.promise;
    const flags = ["--reflector", `http://${listen}`, "--token", "lab-0123456789abcdef"];
    const { one, code, seconds } = await check(context, [...USUAL, ...flags]);
    assert.deepEqual(
      [one.mapping, one.strangersGetIn, one.outlook, code],
      [EI, ...(isOpen ? ["yes", "works", 0] : ["no", "cannot", 4])],
      one.filteringReason,
    );
    if (isOpen && context.protocol === "tcp") assert.equal(one.filteringWay, "outside");
    return { seconds, note: isOpen ? "a stranger got in" : "a stranger was kept out" };
  };
}

/** A second NAT of the user's own: it filters, or hands everything on to the host. */
function looksThroughTwo(inner: "open" | "shut"): LabCase["run"] {
  const isOpen = inner === "open";
  return async (context) => {
    const options = isOpen ? { openTo: HOST_ADDRESSES[0] } : {};
    await using _router = await HomeRouter.open(context.lab, {
      ways: [isOpen ? "upnp" : "nat-pmp"],
      ...options,
    });
    const { one, code, seconds, report } = await check(context, [...USUAL, "--bind", `${PORT}`]);
    assert.deepEqual([report.local.router, report.local.routerExternal], [ROUTER_LAN, DECLARED_ADDRESS]);
    const expected = isOpen ? [EI, EI, "full-cone", 0] : [EI, APD, "port-restricted", 4];
    assert.deepEqual([one.mapping, one.filtering, one.rfc3489, code], expected);
    const forward = report.advice.find((line) => line.startsWith("Forward the port"));
    assert.equal(
      forward?.split(";")[0],
      isOpen
        ? undefined
        : `Forward the port on the router ${ROUTER_LAN}: UDP ${PORT} -> ${HOST_ADDRESSES[0]}:${PORT}`,
    );
    return { seconds, note: isOpen ? "the inner one hands on" : "the inner one filters; advice names it" };
  };
}

/** IPv6: no NAT; a firewall on the way is told from none. */
async function tellsFirewallOnV6(context: CaseContext): Promise<Measure> {
  await using tools = await StunTools.open(context.lab);
  const flags = ["-6", ...tools.flagsFor("own6")];
  const open = await check(context, flags);
  assert.deepEqual([open.one.mapping, open.one.rfc3489, open.code], ["none", "open-internet", 0]);
  const rule = 'iifname "wan0" oifname "lan0" ct state new drop';
  const chain = `chain f { type filter hook forward priority 10; ${rule}\n}`;
  await context.lab.exec("router", ["nft", "-f", "-"], `table ip6 wall {\n${chain}\n}\n`);
  const shut = await check(context, flags);
  assert.deepEqual([shut.one.mapping, shut.one.rfc3489, shut.code], ["none", "symmetric-udp-firewall", 4]);
  assert.deepEqual(shut.report.adviceCodes, ["firewall"]);
  return { seconds: Math.max(open.seconds, shut.seconds), note: "open, then a firewall" };
}

/** Most servers are dead: it takes others, and hardly longer. */
async function mindsNoDeadServers(context: CaseContext): Promise<Measure> {
  await context.lab.silence([STUN_ADDRESSES[2], STUN_ADDRESSES[3]]);
  const dead = [STUN_ADDRESSES[2], STUN_ADDRESSES[3], STUN_ADDRESSES[0], STUN_ADDRESSES[4]];
  const flags = dead.flatMap((address) => ["--stun", `${address}:${STUN_PORT}`]);
  const { one, code, seconds } = await check(context, flags);
  assert.deepEqual([one.mapping, code], [EI, 0]);
  if (context.protocol === "udp") assert.equal(one.rfc3489, "full-cone");
  return { seconds, note: "two of four servers silent" };
}

/** Nobody answers over UDP: it says so, and ends with 1. */
async function saysBlocked(context: CaseContext): Promise<Measure> {
  const chain = "chain f { type filter hook forward priority 10; meta l4proto udp drop\n}";
  await context.lab.exec("router", ["nft", "-f", "-"], `table ip wall {\n${chain}\n}\n`);
  const alone = await check(context, USUAL);
  assert.deepEqual([alone.one.rfc3489, alone.code, alone.report.adviceCodes], ["blocked", 1, ["blocked"]]);
  const both = await check(context, USUAL, []);
  assert.deepEqual([both.one.rfc3489, both.report.tcp?.mapping, both.code], ["blocked", EI, 0]);
  assert.match(both.report.advice.join("\n"), /or use TCP/);
  return { seconds: Math.max(alone.seconds, both.seconds), note: "UDP dropped on the way" };
}

const PROFILES = ["full-cone", "address-restricted", "port-restricted", "symmetric"] as const;

/** Cases of this file. */
export const checkCases: readonly LabCase[] = [
  ...PROFILES.map((profile): LabCase => ({
    ...{ name: "check: as Debian's tools see it", profile, protocols: ["udp"], expectedSeconds: 20 },
    run: agreesOn(profile),
  })),
  {
    ...{ name: "check: as Debian's tools see it, hairpinning", profile: "full-cone", protocols: ["udp"] },
    ...{ hairpins: true, expectedSeconds: 20, run: agreesOn("full-cone") },
  },
  ...TCP.map((row): LabCase => ({
    ...{ name: `check: ${row.hairpins ? "hairpinning" : "no hairpinning"}`, profile: row.profile },
    ...{ protocols: ["tcp"], hairpins: row.hairpins, run: findsOverTcp(row) },
  })),
  { name: "check: both at once", profile: "full-cone", protocols: ["udp"], run: findsBoth },
  {
    name: "check: a stranger knocks",
    profile: "full-cone",
    protocols: BOTH,
    run: settlesByReflector("open"),
  },
  {
    ...{ name: "check: a stranger knocks", profile: "port-restricted", protocols: BOTH },
    ...{ expectedSeconds: 10, run: settlesByReflector("shut") },
  },
  {
    ...{ name: "check: two layers, the inner filters", profile: "full-cone", protocols: ["udp"] },
    run: looksThroughTwo("shut"),
  },
  {
    ...{ name: "check: two layers, the inner hands on", profile: "full-cone", protocols: ["udp"] },
    run: looksThroughTwo("open"),
  },
  {
    ...{ name: "check: IPv6, open and a firewall", profile: "none", protocols: ["udp"] },
    ...{ expectedSeconds: 10, run: tellsFirewallOnV6 },
  },
  { name: "check: dead servers", profile: "full-cone", protocols: BOTH, run: mindsNoDeadServers },
  {
    ...{ name: "check: UDP blocked", profile: "full-cone", protocols: ["udp"] },
    ...{ expectedSeconds: 20, run: saysBlocked },
  },
];
