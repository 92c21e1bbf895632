/**
 * The lab judged without the program under test: each NAT has to behave as its name says, or the other cases
 * prove nothing.
 */
import assert from "node:assert/strict";
import { CASE_PORT, HOST_ADDRESSES, KEEP_ALIVE, STUN_ADDRESSES, STUN_PORT } from "../addresses.ts";
import { BOTH, type CaseContext, type LabCase, type Measure } from "../lab_case.ts";
import type { NatProfile } from "../nat_ruleset.ts";
import { visit } from "../visits.ts";

const AT = `${HOST_ADDRESSES[0]}:${CASE_PORT}`;
const SERVERS = [
  `${STUN_ADDRESSES[0]}:${STUN_PORT}`,
  `${STUN_ADDRESSES[0]}:${STUN_PORT + 1}`,
  `${STUN_ADDRESSES[1]}:${STUN_PORT}`,
  `${STUN_ADDRESSES[2]}:${STUN_PORT}`,
];

/** Who gets in, besides the endpoint that was asked: RFC 4787, section 5. */
interface Filtering {
  readonly stranger: boolean;
  /** From another port of an address that was asked. */
  readonly samePeerOtherPort: boolean;
}

const FILTERING: Readonly<Record<Exclude<NatProfile, "none">, Filtering>> = {
  "full-cone": { stranger: true, samePeerOtherPort: true },
  "address-restricted": { stranger: false, samePeerOtherPort: true },
  "port-restricted": { stranger: false, samePeerOtherPort: false },
  "symmetric": { stranger: false, samePeerOtherPort: false },
};

async function probe(context: CaseContext): Promise<readonly (string | null)[]> {
  const operation = context.protocol === "tcp" ? "probeTcp" : "probeUdp";
  const seen = await context.lab.agent("host").call(operation, { from: AT, servers: SERVERS });
  assert.ok(seen.every((external) => external !== null), `every server answers: ${seen.join(" ")}`);
  return seen;
}

async function behavesAsNamed(context: CaseContext, profile: keyof typeof FILTERING): Promise<Measure> {
  const { lab, protocol } = context;
  const seen = await probe(context);
  if (profile === "symmetric") assert.equal(new Set(seen).size, seen.length, "a port for each destination");
  else assert.deepEqual(new Set(seen), new Set([lab.externalOf(CASE_PORT)]), "one external endpoint");
  const external = seen[0] ?? "";
  assert.ok(!external.endsWith(`:${CASE_PORT}`), "ports are not preserved");

  const expected = FILTERING[profile];
  const stranger = await visit(context, external, { timeoutMs: 700 });
  assert.equal(stranger.served === 1, expected.stranger, "whether strangers get in");

  const operation = protocol === "tcp" ? "visitTcp" : "visitUdp";
  const from = `${STUN_ADDRESSES[0]}:45678`;
  const peer = await lab.agent("internet").call(operation, { to: external, from, timeoutMs: 700 });
  assert.equal(peer.served === 1, expected.samePeerOtherPort, "whether a peer's other ports get in");
  return { note: protocol === "udp" ? await changeRequests(context, expected) : "mapping, filtering" };
}

/** The RFC 5780 view of the same, which also shows that the STUN server can do it. */
async function changeRequests(context: CaseContext, expected: Filtering): Promise<string> {
  const ask = (port: number, change: { address: boolean; port: boolean }): Promise<(string | null)[]> =>
    context.lab.agent("host").call("probeUdp", {
      from: `${HOST_ADDRESSES[0]}:${port}`,
      servers: SERVERS.slice(0, 1),
      change,
    });
  const [both] = await ask(CASE_PORT + 1, { address: true, port: true });
  const [port] = await ask(CASE_PORT + 2, { address: false, port: true });
  assert.equal(both !== null, expected.stranger, "CHANGE-REQUEST of address and port");
  assert.equal(port !== null, expected.samePeerOtherPort, "CHANGE-REQUEST of the port");
  return "mapping, filtering, RFC 5780";
}

async function forgetsIdle(context: CaseContext): Promise<Measure> {
  const seen = await probe(context);
  const external = seen[0] ?? "";
  assert.equal((await visit(context, external)).served, 1, "the mapping is there at first");
  await context.pause(6000);
  assert.equal(
    (await visit(context, external, { timeoutMs: 1000 })).served,
    0,
    "an idle mapping is forgotten",
  );
  return { note: "lifetime 4 s, idle for 6 s" };
}

async function hairpins(context: CaseContext, expected: "on" | "off"): Promise<Measure> {
  const [external] = await probe(context);
  const operation = context.protocol === "tcp" ? "visitTcp" : "visitUdp";
  const report = await context.lab.agent("host").call(operation, { to: external ?? "", timeoutMs: 1000 });
  assert.equal(report.served === 1, expected === "on", "whether the inside reaches the external endpoint");
  return {};
}

async function restartIsSilent(context: CaseContext): Promise<Measure> {
  const { lab } = context;
  const host = lab.agent("host");
  await host.call("holdTcp", { from: AT, to: `${KEEP_ALIVE.steady[0]}:80` });
  assert.equal(await host.call("pokeTcp", { timeoutMs: 1000 }), "answered");
  const before = lab.externalOf(CASE_PORT);
  await lab.restartNat();
  assert.notEqual(lab.externalOf(CASE_PORT), before);
  assert.equal(await host.call("pokeTcp", { timeoutMs: 2500 }), "silent", "forgotten, without RST");
  return { note: "no RST, another port" };
}

/** Cases of this file. */
export const conformance: readonly LabCase[] = [
  ...(Object.keys(FILTERING) as (keyof typeof FILTERING)[]).map((profile): LabCase => ({
    name: "lab: NAT behaves as named",
    profile,
    protocols: BOTH,
    run: (context) => behavesAsNamed(context, profile),
  })),
  {
    name: "lab: idle mapping is forgotten",
    profile: "full-cone",
    protocols: BOTH,
    lifetimeSeconds: 4,
    expectedSeconds: 10,
    run: forgetsIdle,
  },
  {
    name: "lab: hairpinning on",
    profile: "full-cone",
    protocols: BOTH,
    hairpins: true,
    run: (context) => hairpins(context, "on"),
  },
  {
    name: "lab: hairpinning off",
    profile: "full-cone",
    protocols: BOTH,
    run: (context) => hairpins(context, "off"),
  },
  { name: "lab: NAT restart is silent", profile: "full-cone", protocols: ["tcp"], run: restartIsSilent },
];
