/** `porthole reach` and `porthole reflector`: who gets in, seen from outside, and no more claimed than was seen. */
import assert from "node:assert/strict";
import { CASE_PORT, HOST_ADDRESSES, NAT_OUTSIDE, STUN_ADDRESSES, V6 } from "../addresses.ts";
import { inNamespace } from "../command.ts";
import { BOTH, type CaseContext, type LabCase, type Measure } from "../lab_case.ts";
import { LineProcess } from "../line_process.ts";
import type { NatProfile } from "../nat_ruleset.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;
const PORTHOLE = [Deno.execPath(), "run", "-A", "--cached-only", MAIN];
const ENV = {
  DENO_NO_UPDATE_CHECK: "1",
  NO_COLOR: "1",
  LANG: "C.UTF-8",
  REACH_TOKEN: "lab-0123456789abcdef",
};
/** Addresses in the internet that the host's mapping never talks to. */
const REFLECTOR = { asked: "198.51.100.50", other: "198.51.100.51", v6: "2001:db8:100::50" } as const;
const PORT = 8080;
const LIMIT_MS = 10_000;

/** What `reach --json` writes, as far as cases look at it. */
interface Report {
  readonly verdict: string;
  readonly filtering?: string;
  readonly target?: { readonly state: string; readonly reason: string };
  readonly hairpin: { readonly state: string; readonly reason: string };
  readonly outside: readonly {
    readonly state: string;
    readonly reason: string;
    readonly from?: string;
    readonly fromAskedAddress?: boolean;
  }[];
  readonly advice: readonly string[];
}

/** A reflector in the internet. Disposing ends it. */
class LabReflector implements AsyncDisposable {
  readonly url: string;
  readonly #process: LineProcess;

  private constructor(url: string, process: LineProcess) {
    this.url = url;
    this.#process = process;
  }

  static async start(
    { lab }: CaseContext,
    options: { readonly at?: string; readonly other?: string } = {},
  ): Promise<LabReflector> {
    const { at = REFLECTOR.asked, other } = options;
    for (const address of [at, ...(other === undefined ? [] : [other])]) {
      const prefix = address.includes(":") ? "128" : "32";
      const flags = address.includes(":") ? ["nodad"] : [];
      await lab.exec("internet", ["ip", "address", "replace", `${address}/${prefix}`, "dev", "lo", ...flags]);
    }
    const listen = `${at.includes(":") ? `[${at}]` : at}:${PORT}`;
    const ready = Promise.withResolvers<void>();
    const command = [...PORTHOLE, "reflector", "--listen", listen, "--token", "env:REACH_TOKEN", "--json"];
    const more = other === undefined ? [] : ["--from-address", other];
    const process = LineProcess.start(inNamespace(lab.names.internet, [...command, ...more]), {
      env: ENV,
      onLine: (line) => line.includes('"listening"') && ready.resolve(),
    });
    process.done.then(() =>
      ready.reject(new Error(`Cannot start the reflector: ${process.errorLines.join(" ")}`))
    );
    await ready.promise;
    return new LabReflector(`http://${listen}`, process);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

interface Ended {
  readonly report: Report;
  readonly code: number;
}

/** Runs `porthole reach` on the host. */
async function reach(
  { lab, protocol }: CaseContext,
  endpoint: string,
  flags: readonly string[],
): Promise<Ended> {
  const lines: string[] = [];
  const udp = protocol === "udp" ? ["--udp"] : [];
  const command = [...PORTHOLE, "reach", endpoint, "--json", "--token", "env:REACH_TOKEN", ...udp, ...flags];
  await using process = LineProcess.start(inNamespace(lab.names.host, command), {
    env: ENV,
    onLine: (line) => lines.push(line),
  });
  const { code } = await process.done;
  const [line] = lines;
  if (line === undefined) {
    throw new Error(`Cannot pass: reach said nothing: ${process.errorLines.join("\n  ")}`);
  }
  return { report: JSON.parse(line), code };
}

/** Opens the port, whatever the NAT is, and tells the external endpoint. */
async function openPort(
  context: CaseContext,
  args: readonly string[],
  stun?: readonly string[],
): Promise<string> {
  const porthole = context.start({ args: ["--force", ...args], ...(stun === undefined ? {} : { stun }) });
  const { external = "" } = await porthole.waitFor("mapped", LIMIT_MS);
  return external;
}

function flagsOf(context: CaseContext, reflector: LabReflector): readonly string[] {
  const target = `${HOST_ADDRESSES[0]}:${CASE_PORT}`;
  return ["--from", reflector.url, ...(context.protocol === "tcp" ? ["--target", target] : [])];
}

async function findsOpen(context: CaseContext): Promise<Measure> {
  const external = await openPort(context, ["--test"]);
  let seconds: number;
  {
    await using reflector = await LabReflector.start(context);
    const start = performance.now();
    const { report, code } = await reach(context, external, flagsOf(context, reflector));
    seconds = (performance.now() - start) / 1000;
    assert.deepEqual([report.verdict, report.filtering, code], ["open", "not-port-restricted", 0]);
    assert.ok(report.outside[0]?.from?.startsWith(`${REFLECTOR.asked}:`), "from the address that was asked");
    assert.match(report.advice.join(" "), /filter by address/, "it says what was not proved");
  }
  await using reflector = await LabReflector.start(context, { other: REFLECTOR.other });
  const { report, code } = await reach(context, external, flagsOf(context, reflector));
  assert.deepEqual([report.verdict, report.filtering, code], ["open", "endpoint-independent", 0]);
  assert.ok(report.outside[0]?.from?.startsWith(`${REFLECTOR.other}:`));
  return { seconds, note: "reach from start to end" };
}

async function findsOpenByToken(context: CaseContext): Promise<Measure> {
  const external = await openPort(context, []);
  await using reflector = await LabReflector.start(context, { other: REFLECTOR.other });
  const { report, code } = await reach(context, external, [
    "--from",
    reflector.url,
    "--listen",
    `${CASE_PORT}`,
  ]);
  const [seen] = report.outside;
  assert.deepEqual([report.verdict, report.filtering, code], ["open", "endpoint-independent", 0]);
  assert.equal(seen?.reason, "token");
  assert.ok(seen?.from?.startsWith(`${REFLECTOR.other}:`), "our listener saw who came");
  assert.equal(report.hairpin.state, "no");
  return { note: "own listener saw the other address" };
}

async function findsClosed(context: CaseContext): Promise<Measure> {
  const external = await openPort(context, []);
  await using reflector = await LabReflector.start(context);
  const flags = ["--from", reflector.url, "--listen", `${CASE_PORT}`];
  const { report, code } = await reach(context, external, flags);
  assert.deepEqual([report.verdict, code, report.filtering], ["punching-failed", 1, undefined]);
  assert.deepEqual(report.outside.map(({ state, reason }) => [state, reason]), [["no", "timeout"]]);
  assert.equal(report.target?.reason, "listening");
  return { note: "hole punching failed" };
}

/** The mapping has talked to the reflector's first address (it is a STUN server too), to the second one never. */
async function isHonestAboutAddress(context: CaseContext): Promise<Measure> {
  const at = STUN_ADDRESSES[2];
  const external = await openPort(context, [], [at]);
  const flags = (reflector: LabReflector): string[] => ["--from", reflector.url, "--listen", `${CASE_PORT}`];
  {
    await using reflector = await LabReflector.start(context, { at });
    const { report } = await reach(context, external, flags(reflector));
    assert.deepEqual([report.verdict, report.filtering], ["open", "not-port-restricted"]);
    assert.match(report.advice.join(" "), /--from-address/);
  }
  await using reflector = await LabReflector.start(context, { at, other: REFLECTOR.other });
  const { report } = await reach(context, external, flags(reflector));
  assert.equal(report.verdict, "punching-failed");
  return { note: "asked address in, another one not" };
}

async function findsFirewall(context: CaseContext): Promise<Measure> {
  const external = await openPort(context, ["--test"]);
  await using reflector = await LabReflector.start(context);
  const rule = `iifname "${NAT_OUTSIDE}" ip saddr ${REFLECTOR.asked} ct state new drop`;
  const chain = `chain f { type filter hook forward priority 10; ${rule}\n}`;
  await context.lab.exec("carrier", ["nft", "-f", "-"], `table ip wall {\n${chain}\n}\n`);
  const { report, code } = await reach(context, external, flagsOf(context, reflector));
  assert.deepEqual([report.hairpin.state, code], ["yes", 1]);
  // Over UDP too: what answers inside would have answered outside.
  assert.equal(report.verdict, "firewall");
  return { note: report.verdict };
}

async function findsTargetClosed(context: CaseContext): Promise<Measure> {
  const external = await openPort(context, []);
  await using reflector = await LabReflector.start(context);
  const { report, code } = await reach(context, external, flagsOf(context, reflector));
  assert.deepEqual([report.verdict, report.target?.reason, code], ["target-closed", "refused", 1]);
  return { note: "the service is not there" };
}

async function worksOnV6(context: CaseContext): Promise<Measure> {
  const porthole = context.start({
    args: ["-6", "--test"],
    stun: V6.stun,
    keepAlive: V6.keepAlive,
  });
  const { external = "" } = await porthole.waitFor("mapped", LIMIT_MS);
  await using reflector = await LabReflector.start(context, { at: REFLECTOR.v6 });
  const { report, code } = await reach(context, external, ["--from", reflector.url]);
  assert.deepEqual([report.verdict, report.hairpin.reason, code], ["open", "own-address", 0]);
  return { note: "no NAT, reflector over IPv6" };
}

const CLOSED: readonly NatProfile[] = ["address-restricted", "port-restricted", "symmetric"];

/** Cases of this file. */
export const reachCases: readonly LabCase[] = [
  { name: "reach: open, as far as it is proved", profile: "full-cone", protocols: BOTH, run: findsOpen },
  { name: "reach: open, by a token", profile: "full-cone", protocols: BOTH, run: findsOpenByToken },
  { name: "reach: target closed", profile: "full-cone", protocols: ["tcp"], run: findsTargetClosed },
  {
    name: "reach: firewall",
    profile: "full-cone",
    protocols: BOTH,
    hairpins: true,
    expectedSeconds: 10,
    run: findsFirewall,
  },
  { name: "reach: IPv6 without NAT", profile: "none", protocols: BOTH, run: worksOnV6 },
  {
    name: "reach: honest about the address",
    profile: "address-restricted",
    protocols: BOTH,
    expectedSeconds: 10,
    run: isHonestAboutAddress,
  },
  ...CLOSED.map((profile): LabCase => ({
    name: "reach: not open",
    profile,
    protocols: BOTH,
    expectedSeconds: 10,
    run: findsClosed,
  })),
];
