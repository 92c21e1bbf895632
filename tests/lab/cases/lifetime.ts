/** `porthole lifetime`: the kernel's NATs with known lifetimes, and `--interval auto`. */
import assert from "node:assert/strict";
import {
  EXTERNAL_ADDRESSES,
  INTERNAL_PORTS,
  KEEP_ALIVE,
  NAT_INSIDE,
  NAT_OUTSIDE,
  STUN_ADDRESSES,
  STUN_PORT,
} from "../addresses.ts";
import { inNamespace } from "../command.ts";
import type { CaseContext, LabCase, Measure } from "../lab_case.ts";
import { LineProcess } from "../line_process.ts";
import type { NatProfile } from "../nat_ruleset.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

/** What `lifetime --json` writes of one transport, as far as cases look at it. */
interface Report {
  readonly verdict: string;
  readonly aliveMs: number;
  readonly deadMs?: number;
  readonly reason?: string;
  readonly recommendedMs?: number;
  readonly inboundRefresh: string;
  readonly outboundRefresh: string;
  readonly allocation: string;
  readonly samePortAgain: string;
  readonly way?: string;
  readonly sockets: number;
}

interface LifetimeOptions {
  readonly flags?: readonly string[];
  /** @default all */
  readonly stun?: readonly string[];
  /** @default the steady ones */
  readonly keepAlive?: readonly string[];
}

/** Runs `porthole lifetime` on the host. */
async function lifetime({ lab, protocol }: CaseContext, options: LifetimeOptions = {}): Promise<Report> {
  const { flags = [], stun = STUN_ADDRESSES, keepAlive = KEEP_ALIVE.steady } = options;
  const lines: string[] = [];
  const command = [
    ...[Deno.execPath(), "run", "-A", "--cached-only", MAIN, "lifetime", "--json", `--${protocol}`],
    ...stun.flatMap((address) => ["--stun", `${address}:${STUN_PORT}`]),
    ...keepAlive.flatMap((address) => ["--keep-alive", `${address}:80`]),
    ...flags,
  ];
  await using process = LineProcess.start(inNamespace(lab.names.host, command), {
    env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", LANG: "C.UTF-8" },
    onLine: (line) => lines.push(line),
  });
  const stop = (): void => process.kill("SIGTERM");
  lab.signal.addEventListener("abort", stop, { once: true });
  await process.done;
  lab.signal.removeEventListener("abort", stop);
  assert.equal(lines.length, 1, process.errorLines.join("\n"));
  const report = (JSON.parse(lines[0] ?? "") as Readonly<Record<string, Report>>)[protocol];
  assert.ok(report !== undefined, lines[0]);
  return report;
}

function noteOf({ aliveMs, deadMs, way, sockets, inboundRefresh }: Report): string {
  const until = deadMs === undefined ? "" : ` to ${(deadMs / 1000).toFixed(1)}`;
  return `${(aliveMs / 1000).toFixed(1)}${until} s by ${way}, ${sockets} sockets, inbound ${inboundRefresh}`;
}

/** The kernel's timers ring a little late, and a packet takes its time. */
const GRAIN_MS = 400;

function assertMeasured(report: Report, lifetimeSeconds: number): void {
  const { verdict, aliveMs, deadMs = Infinity } = report;
  const text = JSON.stringify(report);
  assert.equal(verdict, "measured", text);
  const lifetimeMs = lifetimeSeconds * 1000;
  assert.ok(aliveMs <= lifetimeMs + GRAIN_MS && lifetimeMs <= deadMs, text);
  assert.ok(Math.abs(aliveMs - lifetimeMs) <= 2000 && Math.abs(deadMs - lifetimeMs) <= 2000, text);
  assert.ok(report.sockets <= 24, text);
}

function known(profile: NatProfile, lifetimeSeconds: number): LabCase {
  return {
    name: `lifetime of ${lifetimeSeconds} s`,
    profile,
    protocols: profile === "full-cone" ? ["udp", "tcp"] : ["udp"],
    lifetimeSeconds,
    expectedSeconds: lifetimeSeconds + 35,
    async run(context): Promise<Measure> {
      const start = performance.now();
      const report = await lifetime(context);
      assertMeasured(report, lifetimeSeconds);
      assert.equal(report.recommendedMs, Math.max(5000, Math.floor(report.aliveMs / 3000) * 1000));
      if (context.protocol === "udp") {
        assert.equal(report.way, "response-port");
        assert.equal(report.outboundRefresh, "yes");
        // Conntrack does not care who sends.
        assert.equal(report.inboundRefresh, "yes");
        assert.equal(report.samePortAgain, profile === "symmetric" ? "no" : "yes");
      }
      return { seconds: (performance.now() - start) / 1000, note: noteOf(report) };
    },
  };
}

/** From now on no server hears of RESPONSE-PORT, where it is the first attribute: 28 bytes into the datagram. */
async function withoutResponsePort({ lab }: CaseContext): Promise<void> {
  const chain = "chain in { type filter hook input priority filter; udp dport 3478 @th,224,16 0x0027 drop; }";
  await lab.exec("internet", ["nft", "-f", "-"], `table inet classic {\n${chain}\n}\n`);
}

/** A NAT that gives every port itself, as those of the kernel do by default. */
async function preservePorts({ lab }: CaseContext): Promise<void> {
  const chain =
    `chain post { type nat hook postrouting priority srcnat; oifname "${NAT_OUTSIDE}" masquerade; }`;
  // What nobody asked for must not take the port.
  const own = "chain own { type filter hook input priority filter; meta l4proto { tcp, udp } drop; }";
  const ruleset = `delete table ip carrier\ntable ip carrier {\n${chain}\n${own}\n}\n`;
  await lab.exec("carrier", ["nft", "-f", "-"], ruleset);
}

/**
 * A NAT without connection tracking, in which nothing but packets from inside keeps a mapping (RFC 4787, REQ-6):
 * addresses and ports are rewritten by maps alone.
 */
async function forgetInbound({ lab }: CaseContext, lifetimeSeconds: number): Promise<void> {
  const [external] = EXTERNAL_ADDRESSES;
  const ruleset = `delete table ip carrier
table ip carrier {
  map addresses { type mark : ipv4_addr; flags dynamic,timeout; timeout ${lifetimeSeconds}s; }
  map ports { type mark : inet_service; flags dynamic,timeout; timeout ${lifetimeSeconds}s; }
  map marks { type inet_service : mark; elements = { ${
    Array.from({ length: INTERNAL_PORTS.count }, (_, i) => INTERNAL_PORTS.first + i).map((p) => `${p} : ${p}`)
  } } }
  chain untracked { type filter hook prerouting priority raw; notrack; }
  chain in { type filter hook prerouting priority mangle;
    iifname "${NAT_OUTSIDE}" ip daddr ${external} udp dport != 0 meta mark set udp dport map @marks udp dport set meta mark map @ports ip daddr set meta mark map @addresses
  }
  chain learn { type filter hook forward priority filter;
    iifname "${NAT_INSIDE}" meta l4proto udp meta mark set udp sport map @marks update @addresses { meta mark : ip saddr } update @ports { meta mark : udp sport }
  }
  chain out { type filter hook postrouting priority srcnat;
    oifname "${NAT_OUTSIDE}" ip saddr set ${external}
  }
  chain own { type filter hook input priority filter; meta l4proto udp drop; }
}
`;
  await lab.exec("carrier", ["nft", "-f", "-"], ruleset);
}

const MEASURED = {
  profile: "full-cone",
  protocols: ["udp"],
  lifetimeSeconds: 15,
  expectedSeconds: 40,
} as const;

function byOtherPorts(): LabCase {
  return {
    ...{ ...MEASURED, name: "lifetime by other ports after deaths", profile: "symmetric" },
    async run(context): Promise<Measure> {
      await withoutResponsePort(context);
      const report = await lifetime(context);
      assertMeasured(report, 15);
      assert.equal(report.way, "same-port");
      assert.equal(report.inboundRefresh, "unknown");
      return { note: noteOf(report) };
    },
  };
}

function byHairpin(): LabCase {
  return {
    ...{ ...MEASURED, name: "lifetime by hairpinning", hairpins: true },
    async run(context): Promise<Measure> {
      await withoutResponsePort(context);
      const report = await lifetime(context);
      assertMeasured(report, 15);
      assert.equal(report.way, "hairpin");
      return { note: noteOf(report) };
    },
  };
}

function withPortsKept(): LabCase {
  return {
    ...{ ...MEASURED, name: "lifetime of a NAT that preserves ports", profile: "port-restricted" },
    async run(context): Promise<Measure> {
      await preservePorts(context);
      const report = await lifetime(context);
      assertMeasured(report, 15);
      assert.deepEqual([report.allocation, report.samePortAgain], ["preserving", "yes"]);
      await withoutResponsePort(context);
      const blind = await lifetime(context);
      assert.deepEqual([blind.verdict, blind.reason], ["unknown", "ports-kept"], JSON.stringify(blind));
      return { note: noteOf(report) };
    },
  };
}

function unknownWhereKept(): LabCase {
  return {
    ...{ ...MEASURED, name: "lifetime where nobody can help is unknown", profile: "port-restricted" },
    lifetimeSeconds: 5,
    async run(context): Promise<Measure> {
      // Each port has its own external one, not its own number: only looking long shows nothing.
      await withoutResponsePort(context);
      const report = await lifetime(context, { flags: ["--max", "12s"] });
      assert.deepEqual([report.verdict, report.reason], ["unknown", "ports-kept"], JSON.stringify(report));
      return {};
    },
  };
}

function withoutInboundRefresh(): LabCase {
  return {
    ...{ ...MEASURED, name: "lifetime that traffic from outside does not prolong" },
    async run(context): Promise<Measure> {
      await forgetInbound(context, 15);
      const report = await lifetime(context);
      assertMeasured(report, 15);
      assert.deepEqual(
        [report.inboundRefresh, report.outboundRefresh],
        ["no", "yes"],
        JSON.stringify(report),
      );
      return { note: noteOf(report) };
    },
  };
}

function withImpatientServers(): LabCase {
  return {
    ...{ ...MEASURED, name: "lifetime with servers that close is a lower limit", protocols: ["tcp"] },
    lifetimeSeconds: 60,
    async run(context): Promise<Measure> {
      const report = await lifetime(context, { keepAlive: KEEP_ALIVE.impatient, flags: ["--max", "20s"] });
      assert.deepEqual(
        [report.verdict, report.reason],
        ["at-least", "servers-close"],
        JSON.stringify(report),
      );
      assert.ok(report.aliveMs >= 4000 && report.aliveMs < 20_000, JSON.stringify(report));
      return { note: noteOf(report) };
    },
  };
}

/** The mapping lives 12 s, less than the default interval. */
function intervalAuto(): LabCase {
  return {
    ...{ ...MEASURED, name: "lifetime chooses the interval of open --interval auto", lifetimeSeconds: 12 },
    expectedSeconds: 90,
    async run(context): Promise<Measure> {
      const log: string[] = [];
      const porthole = context.start({ args: ["--interval", "auto"], logLevel: "info" });
      const first = await porthole.waitFor("mapped", 10_000);
      for (let i = 0; i < 60 && log.length === 0; i++) {
        await context.pause(1000);
        log.push(...porthole.logLines.filter((line) => line.includes("interval chosen")));
      }
      assert.match(log[0] ?? "", /"intervalMs":(4000|5000),/, porthole.logLines.join("\n"));
      assert.ok(first.external !== undefined);
      return { note: /"intervalMs".*\}$/.exec(log[0] ?? "")?.[0] ?? "" };
    },
  };
}

/** All of them. */
export const lifetimes: readonly LabCase[] = [
  ...[15, 30, 60].map((seconds) => known("full-cone", seconds)),
  known("symmetric", 15),
  known("port-restricted", 30),
  byOtherPorts(),
  byHairpin(),
  withPortsKept(),
  unknownWhereKept(),
  withoutInboundRefresh(),
  withImpatientServers(),
  intervalAuto(),
];
