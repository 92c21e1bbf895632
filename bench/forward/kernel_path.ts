import { LineProcess } from "../../tests/lab/line_process.ts";
import { runCommand } from "../../tests/lab/command.ts";
import type { Sample } from "./metrics.ts";
import type { BenchPlan } from "./plan.ts";
import { LoadClient, LoadTarget } from "./rig.ts";
import type { Round } from "./statistics.ts";
import { DRIVER } from "./subjects.ts";

const CLIENT = { own: "10.99.1.2", gateway: "10.99.1.1" };
const SERVER = { own: "10.99.2.2", gateway: "10.99.2.1" };
/** The internal endpoint that the rules are for. */
const PORT = 9900;
const CONCURRENCY = 16;

/** The ways from the client's namespace to the server's: plain routing, our rules, and our relay beside them. */
const WAYS = ["routed", "nftables", "relay"] as const;
type Way = (typeof WAYS)[number];

/**
 * Measures the kernel method against plain routing: client, this namespace and server joined by veth pairs, the
 * namespaces of both held by a sleeping process each. Inside the bench's namespace only.
 *
 * @throws {Error} If rules or namespaces cannot be made here.
 */
export async function measureKernelPath(
  plan: BenchPlan,
  onProgress: (line: string) => void,
): Promise<Round[]> {
  await using stack = new AsyncDisposableStack();
  const client = await makeNamespace(stack, "c", CLIENT);
  const server = await makeNamespace(stack, "s", SERVER);
  Deno.writeTextFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  // One target for each way: flows of the others would be in conntrack with the same addresses and ports.
  const start = async (): Promise<number> =>
    (await stack.use(new LoadTarget({ prefix: server, own: SERVER.own })).ports).tcp;
  const targets: Readonly<Record<Way, number>> = {
    routed: await start(),
    nftables: await start(),
    relay: await start(),
  };
  const toForwarder = stack.use(new LoadClient({ prefix: client, peer: CLIENT.gateway, own: CLIENT.own }));
  const toServer = stack.use(new LoadClient({ prefix: client, peer: SERVER.own, own: CLIENT.own }));
  const ports: Readonly<Record<Way, number>> = { routed: targets.routed, nftables: PORT, relay: PORT + 1 };
  for (const way of ["nftables", "relay"] as const) {
    await startDriver(stack, way, `${CLIENT.gateway}:${ports[way]}=${SERVER.own}:${targets[way]}`);
  }
  const rounds: Round[] = [];
  for (let round = 0; round <= plan.rounds; round++) {
    const samples: Record<string, Sample> = {};
    for (const way of WAYS.toSorted(() => Math.random() - 0.5)) {
      samples[way] = await measureWay(way === "routed" ? toServer : toForwarder, ports[way], plan);
      onProgress(`kernel path ${round}/${plan.rounds} ${way} ${samples[way].gbpsUp1?.toFixed(2)} Gb/s`);
    }
    // The first warms everything up.
    if (round > 0) rounds.push(samples);
  }
  return rounds;
}

async function measureWay(client: LoadClient, port: number, plan: BenchPlan): Promise<Sample> {
  const { bulkMs: durationMs } = plan;
  const up = await client.run("blast", { port, streams: 1, direction: "up", durationMs });
  const down = await client.run("blast", { port, streams: 1, direction: "down", durationMs });
  const many = await client.run("blast", { port, streams: 8, direction: "up", durationMs });
  const connections = await client.run("storm", { port, concurrency: CONCURRENCY, durationMs: plan.stormMs });
  const trips = await client.run("ping", { port, durationMs: plan.pingMs });
  return {
    gbpsUp1: up.bytes * 8 / up.elapsedMs / 1e6,
    gbpsDown1: down.bytes * 8 / down.elapsedMs / 1e6,
    gbpsUp8: many.bytes * 8 / many.elapsedMs / 1e6,
    connectionsPerSecond: connections.connections / connections.elapsedMs * 1000,
    pingP50Us: trips.p50Us,
    pingP99Us: trips.p99Us,
  };
}

async function startDriver(
  stack: AsyncDisposableStack,
  way: "nftables" | "relay",
  pair: string,
): Promise<void> {
  const ready = Promise.withResolvers<void>();
  const method = way === "nftables" ? ["--nftables"] : [];
  const driver = stack.use(
    LineProcess.start([Deno.execPath(), "run", "-A", "--cached-only", DRIVER, ...method, "--tcp", pair], {
      env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
      onLine: () => ready.resolve(),
    }),
  );
  driver.done.then(() => ready.reject(new Error(`Cannot start ${way}: ${driver.errorLines.join(" ")}`)));
  await ready.promise;
}

/** A namespace with a veth pair to ours. @returns What to put before a command line to run it there. */
async function makeNamespace(
  stack: AsyncDisposableStack,
  name: string,
  addresses: { readonly own: string; readonly gateway: string },
): Promise<readonly string[]> {
  const holder = stack.use(
    LineProcess.start(["unshare", "-n", "sh", "-c", "echo held; exec sleep infinity"]),
  );
  const inside = ["nsenter", "-t", `${holder.pid}`, "-n"];
  const [outer, inner] = [`${name}0`, `${name}1`];
  await waitForNamespace(holder.pid);
  await runCommand([
    "ip",
    "link",
    "add",
    outer,
    "type",
    "veth",
    "peer",
    "name",
    inner,
    "netns",
    `${holder.pid}`,
  ]);
  await runCommand(["ip", "address", "add", `${addresses.gateway}/24`, "dev", outer]);
  await runCommand(["ip", "link", "set", outer, "up"]);
  for (
    const line of [
      ["link", "set", "lo", "up"],
      ["address", "add", `${addresses.own}/24`, "dev", inner],
      ["link", "set", inner, "up"],
      ["route", "add", "default", "via", addresses.gateway],
    ]
  ) await runCommand([...inside, "ip", ...line]);
  return inside;
}

/** unshare makes the namespace a moment after it has started. */
async function waitForNamespace(pid: number): Promise<void> {
  const own = Deno.readLinkSync("/proc/self/ns/net");
  for (let i = 0; i < 500 && Deno.readLinkSync(`/proc/${pid}/ns/net`) === own; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
