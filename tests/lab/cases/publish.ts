/** Records at real name servers follow the mapping: BIND and Knot by DNS UPDATE, PowerDNS by both its ways. */
import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { CASE_PORT } from "../addresses.ts";
import type { CaseContext, LabCase, Measure } from "../lab_case.ts";
import {
  API,
  FOREIGN,
  LabNameServer,
  NAME_SERVER,
  type NameServerKind,
  TSIG,
  ZONE,
} from "../name_servers.ts";
import { Porthole, type PortholeEvent } from "../porthole.ts";

/** How porthole changes the zone. */
interface Way {
  readonly name: string;
  readonly kind: NameServerKind;
  /** The entry of `publish`, without its records. */
  readonly publish: Readonly<Record<string, unknown>>;
}

const MAP_LIMIT_MS = 20_000;
/** With the pause after which a POT record is read again. */
const RECOVERY_LIMIT_MS = 25_000;

const UPDATE = { provider: "rfc2136", server: NAME_SERVER, zone: ZONE, ...TSIG };
const BIND: Way = { name: "BIND", kind: "bind", publish: UPDATE };
const HTTP_API: Way = {
  name: "PowerDNS HTTP API",
  kind: "powerdns",
  publish: { provider: "powerdns", ...API, zone: ZONE },
};
const WAYS: readonly Way[] = [
  { ...BIND, name: "BIND over UDP", publish: { ...UPDATE, transport: "udp" } },
  { ...BIND, name: "BIND over TCP", publish: { ...UPDATE, transport: "tcp" } },
  { name: "Knot", kind: "knot", publish: UPDATE },
  HTTP_API,
  { name: "PowerDNS DNS UPDATE", kind: "powerdns", publish: UPDATE },
];

const RECORDS = [
  { type: "A", name: "direct" },
  { type: "AAAA", name: "direct" },
  { type: "SRV", name: "mc", service: "mcje", target: "direct" },
  { type: "HTTPS", name: "www", target: "direct" },
  { type: "TXT", name: "pot", pot: "ssh" },
];

/** Options for {@linkcode startPublishing}. */
interface PublishingOptions {
  readonly publish: Readonly<Record<string, unknown>>;
  readonly records?: readonly Readonly<Record<string, unknown>>[];
  /** @default {CASE_PORT} */
  readonly bind?: number;
  /** @default {"ssh"} */
  readonly name?: string;
}

function startPublishing({ lab, protocol }: CaseContext, options: PublishingOptions): Porthole {
  const { publish, records = RECORDS, bind = CASE_PORT, name = "ssh" } = options;
  return Porthole.startService(lab, {
    file: `${lab.folder}/${name}.json`,
    socket: `${lab.folder}/${name}.sock`,
    config: { tunnels: [{ name, protocol, bind, test: true, publish: [{ ...publish, records }] }] },
  });
}

async function published(porthole: Porthole, limitMs: number, since = 0): Promise<PortholeEvent> {
  const event = await porthole.waitFor(["published", "publish-failed"], limitMs, since);
  if (event.event !== "published") throw porthole.failure("it was not published");
  return event;
}

/** That dig reads the endpoint out of every record, and nothing else of the zone is another. */
async function assertRecords(server: LabNameServer, external: string): Promise<void> {
  const [address = "", port = ""] = external.split(":");
  const hex = (value: number): string => value.toString(16);
  const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
  const ip4p = `2001::${hex(Number(port))}:${hex(a << 8 | b)}:${hex(c << 8 | d)}`;
  const read = {
    a: await server.dig("A", `direct.${ZONE}`),
    aaaa: await server.dig("AAAA", `direct.${ZONE}`),
    srv: await server.dig("SRV", `_minecraft._tcp.mc.${ZONE}`),
    https: await server.dig("HTTPS", `www.${ZONE}`),
    pot: await server.pot(`pot.${ZONE}`),
  };
  assert.deepEqual(read, {
    a: [address],
    aaaa: [ip4p],
    srv: [`10 0 ${port} direct.${ZONE}.`],
    https: [`1 direct.${ZONE}. port=${port} ipv4hint=${address}`],
    pot: `ssh_tcp:${port}`,
  });
  const dump = await server.dump();
  const ours = [
    `_minecraft._tcp.mc.${ZONE}. 60 SRV`,
    ...["A", "AAAA"].map((type) => `direct.${ZONE}. 60 ${type}`),
    `pot.${ZONE}. 60 TXT`,
    `www.${ZONE}. 60 HTTPS`,
  ];
  const isOurs = (line: string): boolean => ours.some((start) => line.startsWith(`${start} `));
  assert.deepEqual(dump.filter((line) => !isOurs(line)), [...FOREIGN].sort(), "what was there before");
  assert.equal(dump.filter(isOurs).length, ours.length, "one of each");
}

async function follows(context: CaseContext, { kind, publish }: Way): Promise<Measure> {
  const { lab } = context;
  await using server = await LabNameServer.start(lab, kind);
  await using porthole = startPublishing(context, { publish });
  const { external: before = "" } = await published(porthole, MAP_LIMIT_MS);
  assert.equal(before, lab.externalOf(CASE_PORT));
  await assertRecords(server, before);
  const since = performance.now();
  await lab.restartNat();
  const { external: after = "", readAt } = await published(porthole, RECOVERY_LIMIT_MS, since);
  assert.equal(after, lab.externalOf(CASE_PORT));
  await assertRecords(server, after);
  return { seconds: (readAt - since) / 1000, note: "NAT restart to every record read again" };
}

/** Three processes, one record, started at once: each line is there, and goes on being the right one. */
async function sharesPot(context: CaseContext, { kind, publish }: Way): Promise<Measure> {
  const { lab } = context;
  await using server = await LabNameServer.start(lab, kind);
  const names = ["ssh", "ftp", "rdp"];
  await using all = new AsyncDisposableStack();
  const portholes = names.map((name, i) =>
    all.use(startPublishing(context, {
      ...{ publish, name, bind: CASE_PORT + i },
      records: [{ type: "TXT", name: "pot", pot: name }],
    }))
  );
  const expected = (): readonly string[] =>
    names.map((name, i) => `${name}_tcp:${lab.externalOf(CASE_PORT + i).split(":")[1]}`).sort();
  const stored = async (): Promise<readonly string[]> => (await server.pot(`pot.${ZONE}`)).split("\n").sort();
  await Promise.all(portholes.map((porthole) => published(porthole, MAP_LIMIT_MS)));
  assert.deepEqual(await stored(), expected());
  const since = performance.now();
  await lab.restartNat();
  const events = await Promise.all(
    portholes.map((porthole) => published(porthole, RECOVERY_LIMIT_MS, since)),
  );
  assert.deepEqual(await stored(), expected());
  const last = Math.max(...events.map(({ readAt }) => readAt));
  return { seconds: (last - since) / 1000, note: "NAT restart to three processes' lines in one record" };
}

/** One clear refusal, no second one soon, and the mapping does not notice. */
async function refuses(
  context: CaseContext,
  { publish, records, reason, kind = "bind" }: Omit<PublishingOptions, "name" | "bind"> & {
    readonly reason: RegExp;
    readonly kind?: NameServerKind;
  },
): Promise<Measure> {
  const { lab } = context;
  await using server = await LabNameServer.start(lab, kind);
  const before = await server.dump();
  await using porthole = startPublishing(context, { publish, ...(records && { records }) });
  const failed = await porthole.waitFor(["published", "publish-failed"], MAP_LIMIT_MS);
  assert.match(failed.reason ?? "", reason);
  await context.pause(6000);
  const { external = "" } = await porthole.waitFor("mapped", MAP_LIMIT_MS);
  const report = await lab.agent("visitor").call("visitTcp", { to: external, timeoutMs: 2000, count: 1 });
  assert.equal(report.served, 1, "a visitor is served");
  const events = porthole.events.map(({ event }) => event);
  assert.deepEqual(events.filter((event) => event !== "checked"), ["mapped", "publish-failed"]);
  assert.deepEqual(await server.dump(), before, "the zone is as it was");
  const shown = [...porthole.logLines, ...porthole.events.map((event) => JSON.stringify(event))].join("\n");
  for (const secret of [TSIG.secret, API.key, WRONG_SECRET]) {
    assert.ok(!shown.includes(secret), "no secret is told");
  }
  return { note: failed.reason ?? "" };
}

/** The suite that every store passes, against the real server. */
async function passesContract({ lab }: CaseContext, kind: NameServerKind): Promise<Measure> {
  await using _server = await LabNameServer.start(lab, kind);
  const command = [Deno.execPath(), "test", "-A", "--cached-only", "--no-check", RECORD_STORES, "--", kind];
  // Whatever its status is, what it wrote tells more.
  const output = await lab.exec("internet", ["sh", "-c", '"$@" 2>&1 || true', "sh", ...command]);
  const [, passed, failed] = /(\d+) passed[^|]*\| (\d+) failed/.exec(stripVTControlCharacters(output)) ?? [];
  assert.ok(Number(passed) > 30 && failed === "0", output);
  return { note: `${passed} tests of the record store contract` };
}

const RECORD_STORES = new URL("../record_stores.ts", import.meta.url).pathname;
const WRONG_SECRET = "d3Jvbmctc2VjcmV0LXdyb25nLXNlY3JldC13cm9uZy0=";
const COMMON = { profile: "full-cone", protocols: ["tcp"], expectedSeconds: 20 } as const;

/** Cases of this file. */
export const publish: readonly LabCase[] = [
  ...WAYS.map((way): LabCase => ({
    ...COMMON,
    name: `records follow: ${way.name}`,
    run: (context) => follows(context, way),
  })),
  ...(["bind", "knot", "powerdns"] as const).map((kind): LabCase => ({
    ...COMMON,
    name: `the record store contract: ${kind}`,
    run: (context) => passesContract(context, kind),
  })),
  ...[BIND, HTTP_API].map((way): LabCase => ({
    ...COMMON,
    name: `three processes share a POT record: ${way.name}`,
    run: (context) => sharesPot(context, way),
  })),
  ...(["bind", "knot", "powerdns"] as const).map((kind): LabCase => ({
    ...COMMON,
    name: `a wrong TSIG secret is refused once: ${kind}`,
    run: (context) =>
      refuses(context, {
        kind,
        publish: { ...UPDATE, secret: WRONG_SECRET },
        reason: kind === "powerdns"
          ? /or does not take the TSIG key porthole-lab with this secret and hmac-sha256 \(NOTAUTH\)/
          : /the secret of the TSIG key porthole-lab is not the server's \(BADSIG\)/,
      }),
  })),
  {
    ...COMMON,
    name: "a TSIG key that the server does not know is refused once",
    run: (context) =>
      refuses(context, {
        publish: { ...UPDATE, key: "unknown" },
        reason: /does not know the TSIG key unknown with hmac-sha256 \(BADKEY\)/,
      }),
  },
  {
    ...COMMON,
    name: "a zone of another server is refused once",
    run: (context) =>
      refuses(context, {
        publish: { ...UPDATE, zone: "example.net" },
        reason: /refuses questions about zone example\.net \(REFUSED\)/,
      }),
  },
  {
    ...COMMON,
    name: "a TXT record of somebody else is left alone",
    run: (context) =>
      refuses(context, {
        publish: UPDATE,
        records: [{ type: "TXT", name: "taken", pot: "ssh" }],
        reason: /taken\.example\.test has a TXT record/,
      }),
  },
  {
    ...COMMON,
    name: "a wrong API key is refused once",
    run: (context) =>
      refuses(context, {
        kind: "powerdns",
        publish: { ...HTTP_API.publish, key: "wrong" },
        reason: /status 401: the API key is not the server's/,
      }),
  },
];
