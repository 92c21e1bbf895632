/** Many tunnels in one process: `porthole run` with its socket, its reload and its health. */
import assert from "node:assert/strict";
import { INTERNAL_PORTS, STUN_PORT, VISITOR } from "../addresses.ts";
import { inNamespace, runCommand } from "../command.ts";
import type { CaseContext, LabCase, Measure } from "../lab_case.ts";
import { Porthole, type PortholeEvent } from "../porthole.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;
const TUNNELS = 20;
/** Inside the block that the NAT maps, below what the system gives for port 0. */
const FIRST_PORT = INTERNAL_PORTS.first + 200;
/** Generous: the machine may be running other labs. */
const MAP_LIMIT_MS = 15_000;
/** All of them, from the restart on. */
const RECOVERY_LIMIT_MS = 5_000;

interface TunnelEntry {
  readonly name: string;
  readonly protocol: "tcp" | "udp";
  readonly bind: number;
  readonly test: boolean;
}

/** TCP and UDP by turns, each with its test page. */
function tunnels(count: number): readonly TunnelEntry[] {
  return Array.from({ length: count }, (_, i) => {
    const protocol = i % 2 === 0 ? "tcp" : "udp";
    return { name: `t${i}`, protocol, bind: FIRST_PORT + i, test: true };
  });
}

/** A folder for the configuration and the socket, gone afterwards. */
async function inFolder(work: (folder: string) => Promise<Measure>): Promise<Measure> {
  const folder = await Deno.makeTempDir({ prefix: "porthole-lab-" });
  try {
    return await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function startIn(context: CaseContext, folder: string, entries: readonly TunnelEntry[]): Porthole {
  const { lab } = context;
  const files = { file: `${folder}/porthole.json`, socket: `${folder}/porthole.sock` };
  return Porthole.startService(lab, { ...files, config: { tunnels: entries } });
}

/** What each tunnel announced last, by name. */
function announced({ events }: Porthole, since = 0): ReadonlyMap<string, PortholeEvent> {
  const news = events.filter(({ event, readAt }) =>
    ["mapped", "changed", "restored"].includes(event) && readAt >= since
  );
  return new Map(news.map((event) => [event.name, event]));
}

async function untilAnnounced(
  context: CaseContext,
  porthole: Porthole,
  { count, limitMs, since = 0 }: {
    readonly count: number;
    readonly limitMs: number;
    readonly since?: number;
  },
): Promise<ReadonlyMap<string, PortholeEvent>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const news = announced(porthole, since);
    if (news.size >= count) return news;
    if (performance.now() > end) throw porthole.failure(`only ${news.size} of ${count} tunnels are mapped`);
    await context.pause(20);
  }
}

async function assertAllServed(context: CaseContext, porthole: Porthole): Promise<void> {
  for (const { name, protocol, external = "" } of announced(porthole).values()) {
    const operation = protocol === "tcp" ? "visitTcp" : "visitUdp";
    const report = await context.lab.agent("visitor").call(operation, {
      to: external,
      timeoutMs: 2000,
      count: 1,
    });
    if (report.served !== 1) {
      throw porthole.failure(`${name}: visitor at ${external} was not served: ${report.error}`);
    }
  }
}

function twentyOverRestart(context: CaseContext): Promise<Measure> {
  return inFolder(async (folder) => {
    await using porthole = startIn(context, folder, tunnels(TUNNELS));
    await untilAnnounced(context, porthole, { count: TUNNELS, limitMs: MAP_LIMIT_MS });
    await assertAllServed(context, porthole);
    // At any phase of the program's timers.
    await context.pause(2000 + Math.random() * 4000);
    const since = performance.now();
    await context.lab.restartNat();
    const news = await untilAnnounced(context, porthole, {
      ...{ count: TUNNELS, limitMs: RECOVERY_LIMIT_MS, since },
    });
    for (const { name, event, internal = "", external } of news.values()) {
      const port = Number(internal.split(":")[1]);
      assert.deepEqual({ name, event, external }, {
        ...{ name, event: "changed", external: context.lab.externalOf(port) },
      });
    }
    const last = Math.max(...news.values().map(({ readAt }) => readAt));
    await assertAllServed(context, porthole);
    return { seconds: (last - since) / 1000, note: `restart to all ${TUNNELS} announced and served` };
  });
}

/** Runs a command of porthole beside the service. */
async function command(
  { lab }: CaseContext,
  folder: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly stdout: string }> {
  const line = [
    Deno.execPath(),
    "run",
    "-A",
    "--cached-only",
    MAIN,
    ...args,
    "--socket",
    `${folder}/porthole.sock`,
  ];
  const [program = "", ...rest] = inNamespace(lab.names.host, line);
  const { code, stdout } = await new Deno.Command(program, { args: rest, stdin: "null" }).output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

/** A visitor's connection through a tunnel that does not change lives on while others come and go. */
function reloads(context: CaseContext): Promise<Measure> {
  return inFolder(async (folder) => {
    const file = `${folder}/porthole.json`;
    const entries = tunnels(4);
    await using porthole = startIn(context, folder, entries);
    const mapped = await untilAnnounced(context, porthole, { count: 4, limitMs: MAP_LIMIT_MS });
    const visitor = context.lab.agent("visitor");
    await visitor.call("holdTcp", { from: `${VISITOR}:33333`, to: mapped.get("t0")?.external ?? "" });
    assert.equal(await visitor.call("pokeTcp", { timeoutMs: 2000 }), "answered");
    const before = await socketsOf(context, FIRST_PORT);
    assert.ok(before.length >= 3, "a listener, the keep-alive connection, the visitor's");
    const since = performance.now();
    const config = JSON.parse(await Deno.readTextFile(file));
    const extra = { name: "new", protocol: "tcp", bind: FIRST_PORT + 99, test: true };
    config.tunnels = [...entries.slice(0, 3), extra];
    await Deno.writeTextFile(file, JSON.stringify(config));
    porthole.kill("SIGHUP");
    const news = await untilAnnounced(context, porthole, { count: 1, limitMs: MAP_LIMIT_MS, since });
    assert.deepEqual([...news.keys()], ["new"]);
    const stopped = await porthole.waitFor("stopped", MAP_LIMIT_MS, since);
    assert.equal(stopped.name, "t3");
    await Deno.writeTextFile(file, "{ broken");
    porthole.kill("SIGHUP");
    const shown = await untilFault(context, folder);
    assert.match(shown.configFault ?? "", /porthole\.json/);
    assert.deepEqual(shown.tunnels.map(({ name, state }) => `${name} ${state}`), [
      ...["t0 mapped", "t1 mapped", "t2 mapped", "new mapped"],
    ]);
    assert.equal(
      await visitor.call("pokeTcp", { timeoutMs: 2000 }),
      "answered",
      "the visitor noticed nothing",
    );
    assert.deepEqual(await socketsOf(context, FIRST_PORT), before, "the sockets of a tunnel that stayed");
    const untouched = porthole.events.filter(({ name, readAt }) => readAt >= since && /^t[012]$/.test(name));
    assert.deepEqual(untouched.filter(({ event }) => event !== "checked"), [], "events of those that stayed");
    return { note: "sockets and visitors of unchanged tunnels stayed" };
  });
}

/** `status --json`, as far as it is looked at. */
interface ShownStatus {
  readonly configFault?: string;
  readonly tunnels: readonly { readonly name: string; readonly state: string }[];
}

/** Asks for the status until it tells that the file is broken, or time is up. */
async function untilFault(context: CaseContext, folder: string): Promise<ShownStatus> {
  const end = performance.now() + MAP_LIMIT_MS;
  for (;;) {
    const { stdout } = await command(context, folder, ["status", "--json"]);
    const shown = JSON.parse(stdout) as ShownStatus;
    if (shown.configFault !== undefined || performance.now() > end) return shown;
    await context.pause(100);
  }
}

/** Inodes of the sockets on a port; a lookup over TCP that happens to be under way does not count. */
async function socketsOf({ lab }: CaseContext, port: number): Promise<readonly string[]> {
  const filter = `sport = :${port} and dport != :${STUN_PORT}`;
  const output = await runCommand(inNamespace(lab.names.host, ["ss", "-Htane", filter]));
  return output.split("\n")
    .filter((line) => /LISTEN|ESTAB/.test(line))
    .map((line) => /ino:\d+/.exec(line)?.[0] ?? "")
    .sort();
}

function tellsHealth(context: CaseContext): Promise<Measure> {
  return inFolder(async (folder) => {
    assert.equal((await command(context, folder, ["health"])).code, 3, "no daemon yet");
    await using porthole = startIn(context, folder, tunnels(2));
    await untilAnnounced(context, porthole, { count: 2, limitMs: MAP_LIMIT_MS });
    assert.equal((await command(context, folder, ["health", "--verify"])).code, 0);
    assert.equal((await command(context, folder, ["health", "t1"])).code, 0);
    assert.equal((await command(context, folder, ["health", "nobody"])).code, 1);
    await context.lab.setLinkDown();
    await porthole.waitFor("lost", MAP_LIMIT_MS);
    assert.equal((await command(context, folder, ["health"])).code, 1, "the link is down");
    const { code } = await porthole.stop(MAP_LIMIT_MS);
    assert.equal(code, 143);
    assert.equal((await command(context, folder, ["health"])).code, 3, "the daemon has ended");
    return { note: "exit 3, 0, 1, 3" };
  });
}

/** Cases of this file. */
export const service: readonly LabCase[] = [
  { name: "20 tunnels over a NAT restart", run: twentyOverRestart, expectedSeconds: 20 },
  { name: "reload touches what changed only", run: reloads, expectedSeconds: 15 },
  { name: "health by exit status", run: tellsHealth, expectedSeconds: 20 },
].map((entry) => ({ ...entry, profile: "full-cone", protocols: ["tcp"] }));
