import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { openWorkerForwarder } from "../../../src/forward/worker_forwarder.ts";
import { withFdCheck } from "../../leak.ts";
import {
  closeQuietly,
  echo,
  freePort,
  keepLog,
  platformOf,
  TcpRig,
  TestTarget,
  tunnelOptions,
  writeAll,
} from "./tcp_rig.ts";

async function runChild(part: string, descriptors: number): Promise<void> {
  const child = new URL("./worker_child.ts", import.meta.url).pathname;
  const script = `ulimit -n ${descriptors}; exec "$@"`;
  const args = ["-c", script, "sh", Deno.execPath(), "run", "-A", "--no-check", child, part];
  const { code, stdout, stderr } = await new Deno.Command("sh", { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  assert.equal(code, 0, decoder.decode(stdout) + decoder.decode(stderr));
}

async function assertServes(rig: TcpRig): Promise<void> {
  using connection = await rig.connect();
  await writeAll(connection, Uint8Array.of(7));
  const byte = new Uint8Array(1);
  assert.equal(await connection.read(byte), 1);
  assert.equal(byte[0], 7);
}

Deno.test("WorkerForwarder starts the Worker again with the same listener when it throws", () =>
  withFdCheck(async () => {
    await using target = new TestTarget(echo);
    await using rig = await TcpRig.open(target.port);
    const client = await rig.connect();
    await writeAll(client, Uint8Array.of(1));
    await client.read(new Uint8Array(1));
    rig.forwarder.crashWorker("throw");
    await assert.rejects(client.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
    closeQuietly(client);
    await rig.until(() => rig.recordsOf("closed").length === 1);
    assert.equal(rig.recordsOf("closed")[0]?.reason, "forwarder died");
    await assertServes(rig);
    assert.ok(rig.lines.some((line) => line.startsWith("error The forwarder's Worker died")));
    rig.forwarder.crashWorker("throw");
    await rig.until(() => rig.lines.filter((line) => line.includes("Worker died")).length === 2);
    await assertServes(rig); // waits in the listener's queue until the next one is there
  }));

/** Forty times as fast: the Worker's signs of life are waited for in seconds. */
const hastyClock: Clock = {
  ...systemClock,
  schedule: (delayMs, callback) => systemClock.schedule(delayMs / 40, callback),
};

Deno.test("WorkerForwarder starts the Worker again when it hangs", () =>
  withFdCheck(async () => {
    await using target = new TestTarget(echo);
    const { log, lines } = keepLog();
    await using forwarder = await openWorkerForwarder({
      platform: { ...platformOf(log), clock: hastyClock },
    });
    const internal = { address: "127.0.0.1", port: freePort() };
    await using _session = await forwarder.forward(internal, tunnelOptions(target.port), () => {});
    forwarder.crashWorker("hang");
    while (!lines.some((line) => line.includes("no sign of life"))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    using connection = await Deno.connect({ hostname: internal.address, port: internal.port });
    await writeAll(connection, Uint8Array.of(7));
    assert.equal(await connection.read(new Uint8Array(1)), 1);
  }));

Deno.test("WorkerForwarder serves several tunnels, and closing one leaves the others", async () => {
  await using target = new TestTarget(echo);
  await using rig = await TcpRig.open(target.port);
  const internal = { address: "127.0.0.1", port: freePort() };
  const records: string[] = [];
  const second = await rig.forwarder.forward(
    internal,
    tunnelOptions(target.port, { name: "second" }),
    (record) => records.push(`${record.state} ${record.reason ?? ""}`),
  );
  using connection = await Deno.connect({ hostname: internal.address, port: internal.port });
  await writeAll(connection, Uint8Array.of(7));
  await connection.read(new Uint8Array(1));
  await second[Symbol.asyncDispose]();
  await assert.rejects(connection.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  assert.deepEqual(records, ["opened ", "closed stopped"]);
  await assert.rejects(Deno.connect({ hostname: internal.address, port: internal.port }));
  await assertServes(rig);
});

Deno.test("WorkerForwarder relays datagrams in the same Worker", async () => {
  await using stack = new AsyncDisposableStack();
  const target = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  stack.defer(() => target.close());
  await using rig = await TcpRig.open((target.addr as Deno.NetAddr).port, { protocol: "udp" });
  const client = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  stack.defer(() => client.close());
  await client.send(new Uint8Array(1000).fill(3), {
    transport: "udp",
    hostname: "127.0.0.1",
    port: rig.internal.port,
  });
  const [question, from] = await target.receive();
  await target.send(question, from);
  const [answer, source] = await client.receive();
  assert.equal(answer.length, 1000);
  assert.equal((source as Deno.NetAddr).port, rig.internal.port);
  await rig.until(() => rig.recordsOf("opened").length === 1);
});

Deno.test("WorkerForwarder leaves /proc/self/fd as it was after 10,000 short connections", () =>
  runChild("short", 20_000));

Deno.test("WorkerForwarder lets clients wait when its descriptors are used up, and serves them later", () =>
  runChild("exhaust", 200));

Deno.test("WorkerForwarder caps connections below RLIMIT_NOFILE, and lets the next one in when one ends", () =>
  runChild("cap", 66));
