/**
 * The contract of record stores against a real name server, run as `deno test record_stores.ts -- KIND` by the lab
 * inside its internet, where {@linkcode LabNameServer} serves.
 */
import assert from "node:assert/strict";
import { Secret } from "../../src/core/secret.ts";
import { TYPE_NUMBERS } from "../../src/dns/rdata.ts";
import type { RecordType } from "../../src/dns/record_data.ts";
import { formatRecordData } from "../../src/dns/record_text.ts";
import { PortableNet } from "../../src/net/portable_net.ts";
import { openPowerdns } from "../../src/publish/powerdns.ts";
import { PublishError } from "../../src/publish/publisher.ts";
import type { RecordStore } from "../../src/publish/record_store.ts";
import { openRfc2136 } from "../../src/publish/rfc2136/rfc2136.ts";
import { recordStoreContract, type StoreHarness } from "../contract/record_store_contract.ts";
import { data, type StoredRecord } from "../contract/record_store_rig.ts";
import { FakeClock } from "../fakes/fake_clock.ts";
import { fakeRandom } from "../fakes/fake_random.ts";
import { API, NAME_SERVER, TSIG, ZONE } from "./name_servers.ts";

const TYPES = Object.keys(TYPE_NUMBERS) as RecordType[];
/** The stores that a server is for. */
const STORES: Readonly<Record<string, readonly ("udp" | "tcp" | "http")[]>> = {
  bind: ["udp", "tcp"],
  knot: ["udp", "tcp"],
  powerdns: ["udp", "tcp", "http"],
};

function run(program: string, args: readonly string[], input = ""): string {
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(file, input);
    const command = new Deno.Command(program, { args: input === "" ? [...args] : [...args, file] });
    const { stdout, stderr, success } = command.outputSync();
    const output = new TextDecoder().decode(stdout);
    assert.ok(success, `${program}: ${output}${new TextDecoder().decode(stderr)}\n${input}`);
    return output;
  } finally {
    Deno.removeSync(file);
  }
}

/** As somebody else would, with BIND's own tool. */
function nsupdate(lines: readonly string[]): void {
  const commands = [`server ${NAME_SERVER}`, `zone ${ZONE}`, ...lines, "send"];
  run("nsupdate", ["-y", `${TSIG.algorithm}:${TSIG.key}:${TSIG.secret}`], `${commands.join("\n")}\n`);
}

function transfer(): readonly StoredRecord[] {
  const output = run("dig", [`@${NAME_SERVER}`, "+noall", "+answer", "+onesoa", "AXFR", ZONE]);
  return output.split("\n").flatMap((line) => {
    const [, name = "", ttl = "", type = "", content = ""] =
      /^(\S+)\.\s+(\d+)\s+IN\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    // Without the server's own address BIND would not have the zone.
    if (!TYPES.includes(type as RecordType) || name === `ns.${ZONE}`) return [];
    return [{ name, ttlSeconds: Number(ttl), data: data(type as RecordType, content) }];
  });
}

/** The serial number of the zone: every change makes it another. */
function serial(): number {
  const output = run("dig", [`@${NAME_SERVER}`, "+short", "SOA", ZONE]);
  return Number(output.split(" ")[2]);
}

function openStore(way: "udp" | "tcp" | "http", clock: FakeClock, net: PortableNet): RecordStore {
  const zoned = { zone: ZONE, records: [] };
  if (way === "http") {
    return openPowerdns({
      ...{ provider: "powerdns", ...zoned, url: API.url, key: new Secret(API.key), server: "localhost" },
    }, { fetch, clock });
  }
  const { key: name, secret, algorithm } = TSIG;
  return openRfc2136({
    ...{ provider: "rfc2136", ...zoned, server: { host: NAME_SERVER, port: 53 } },
    transport: way === "udp" ? "auto" : "tcp",
    tsig: { name, algorithm, secret: new Secret(secret) },
  }, { net, clock, random: fakeRandom() });
}

function openHarness(way: "udp" | "tcp" | "http"): StoreHarness {
  const there = transfer();
  if (there.length > 0) nsupdate(there.map(({ name, data: { type } }) => `update delete ${name}. ${type}`));
  // Signatures need the right time.
  const clock = new FakeClock(new Date());
  const net = new PortableNet({ clock });
  const store = openStore(way, clock, net);
  let changes: readonly string[] = [];
  let lastSerial = serial();
  return {
    ...{ zone: ZONE, clock, secrets: [TSIG.secret, API.key] },
    store: {
      ...store,
      provider: store.provider,
      types: store.types,
      read: (name, type, signal) => store.read(name, type, signal),
      async replace(set, options): Promise<void> {
        try {
          await store.replace(set, options);
        } finally {
          const now = serial();
          if (now !== lastSerial) changes = [...changes, `serial ${now}`];
          lastSerial = now;
        }
      },
    },
    seed: (records): Promise<void> => {
      const lines = records.map(({ name, ttlSeconds, data: one }) =>
        `update add ${name}. ${ttlSeconds} ${one.type} ${formatRecordData(one)}`
      );
      // Of the size that one message has.
      for (let at = 0; at < lines.length; at += 50) nsupdate(lines.slice(at, at + 50));
      lastSerial = serial();
      return Promise.resolve();
    },
    dump: () => Promise.resolve(transfer()),
    writes: () => changes,
    fail: () => assert.fail("a real server does not fail on demand"),
    heal: () => {},
    reached: () => Promise.resolve(),
    async [Symbol.asyncDispose](): Promise<void> {
      await net[Symbol.asyncDispose]();
      assert.equal(clock.pendingTimers, 0);
    },
  };
}

const [kind = "bind"] = Deno.args;
for (const way of STORES[kind] ?? []) {
  recordStoreContract({
    name: `${kind} over ${way}`,
    capabilities: { types: TYPES, faults: [] },
    open: () => Promise.resolve(openHarness(way)),
  });
}

if (kind !== "powerdns") {
  Deno.test(`${kind}: a wrong clock of this machine is told as such, and may pass`, async () => {
    const clock = new FakeClock(new Date(Date.now() - 3_600_000));
    await using net = new PortableNet({ clock });
    const error = await openStore("udp", clock, net).read(ZONE, "A", new AbortController().signal)
      .then(() => undefined, (reason: unknown) => reason);
    assert.ok(error instanceof PublishError && !error.isPermanent);
    assert.match(error.reason, /^this machine's clock is 3\d\d\d s behind the server's \(BADTIME\)$/);
  });
}
