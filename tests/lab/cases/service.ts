/** Many tunnels in one process: `porthole run` with its socket, its reload and its health. */
import assert from "node:assert/strict";
import { inNamespace, runCommand } from "../command.ts";
import type { CaseContext, LabCase, Measure } from "../lab_case.ts";
import { Porthole, type PortholeEvent } from "../porthole.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;
const TUNNELS = 20;
const FIRST_PORT = 4000;
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
    const since = performance.now();
    await context.lab.restartNat();
    const news = await untilAnnounced(context, porthole, {
      ...{ count: TUNNELS, limitMs: RECOVERY_LIMIT_MS, since },
    });
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
    const entries = tunnels(4);
    await using porthole = startIn(context, folder, entries);
    await untilAnnounced(context, porthole, { count: 4, limitMs: MAP_LIMIT_MS });
    const before = await socketsOf(context, FIRST_PORT);
    assert.ok(before.length > 0);
    const since = performance.now();
    const config = JSON.parse(await Deno.readTextFile(`${folder}/porthole.json`));
    const extra = { name: "new", protocol: "tcp", bind: FIRST_PORT + 99, test: true };
    config.tunnels = [...entries.slice(0, 3), extra];
    await Deno.writeTextFile(`${folder}/porthole.json`, JSON.stringify(config));
    porthole.kill("SIGHUP");
    const news = await untilAnnounced(context, porthole, { count: 1, limitMs: MAP_LIMIT_MS, since });
    assert.deepEqual([...news.keys()], ["new"]);
    const stopped = await porthole.waitFor("stopped", MAP_LIMIT_MS, since);
    assert.equal(stopped.name, "t3");
    assert.deepEqual(await socketsOf(context, FIRST_PORT), before, "the sockets of a tunnel that stayed");
    await Deno.writeTextFile(`${folder}/porthole.json`, "{ broken");
    porthole.kill("SIGHUP");
    await context.pause(1500);
    const { tunnels: shown, configFault } = JSON.parse(
      (await command(context, folder, ["status", "--json"])).stdout,
    );
    assert.match(configFault, /porthole\.json/);
    assert.deepEqual(shown.map((it: { name: string; state: string }) => `${it.name} ${it.state}`), [
      ...["t0 mapped", "t1 mapped", "t2 mapped", "new mapped"],
    ]);
    return { note: "sockets of unchanged tunnels stayed" };
  });
}

/** Inodes and peers of the sockets on a port. */
async function socketsOf({ lab }: CaseContext, port: number): Promise<readonly string[]> {
  const output = await runCommand(inNamespace(lab.names.host, ["ss", "-Htane", `sport = :${port}`]));
  return output.split("\n").filter((line) => /LISTEN|ESTAB/.test(line)).map((line) =>
    /ino:\d+/.exec(line)?.[0] ?? ""
  )
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
