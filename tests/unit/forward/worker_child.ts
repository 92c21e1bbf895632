/**
 * Run by worker_forwarder_test.ts in a process of its own, where /proc/self/fd shows nobody else's descriptors and
 * the limit of descriptors may be low.
 *
 * @module
 */
import assert from "node:assert/strict";
import { echo, TcpRig, TestTarget, writeAll } from "./tcp_rig.ts";

/** What is open, without the pair of Unix sockets that the runtime makes for itself once, at a time of its own. */
function descriptors(): string[] {
  const unix = Deno.readTextFileSync("/proc/net/unix").split("\n");
  const names: string[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      const link = Deno.readLinkSync(`/proc/self/fd/${name}`);
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
      const isUnix = inode !== undefined && unix.some((line) => line.split(/ +/)[6] === inode);
      if (!isUnix) names.push(link.replace(/\d+/, ""));
    } catch {
      // the descriptor of this very listing
    }
  }
  return names.sort();
}

async function visit(rig: TcpRig): Promise<void> {
  using connection = await rig.connect();
  await writeAll(connection, Uint8Array.of(7));
  await connection.closeWrite();
  const byte = new Uint8Array(2);
  assert.equal(await connection.read(byte), 1);
  assert.equal(await connection.read(byte), null);
}

async function visits(count: number): Promise<void> {
  await using target = new TestTarget(echo);
  await using rig = await TcpRig.open(target.port);
  let left = count;
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (left-- > 0) await visit(rig);
  }));
  await rig.until(() => rig.recordsOf("closed").length === count);
  assert.equal(rig.recordsOf("opened").length, count);
  assert.ok(rig.recordsOf("closed").every(({ bytesIn, bytesOut }) => bytesIn === 1 && bytesOut === 1));
  assert.equal(rig.session.counters.active, 0);
}

/** The runtime closes a Worker thread's own descriptors when the thread has ended, which nobody is told. */
async function threadsAreGone(): Promise<void> {
  const isWorker = (task: { name: string }): boolean => {
    try {
      return Deno.readTextFileSync(`/proc/self/task/${task.name}/comm`).startsWith("worker-");
    } catch {
      return false; // it has ended just now
    }
  };
  while ([...Deno.readDirSync("/proc/self/task")].some(isWorker)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function short(): Promise<void> {
  await visits(100); // what the runtime opens for itself stays from now on
  await threadsAreGone();
  const before = descriptors();
  await visits(10_000);
  await threadsAreGone();
  assert.deepEqual(descriptors(), before);
}

/** Takes every descriptor there is. */
function takeAll(): Deno.FsFile[] {
  const files: Deno.FsFile[] = [];
  try {
    for (;;) files.push(Deno.openSync("/dev/null"));
  } catch (error) {
    assert.match(String(error), /Too many open files/);
  }
  return files;
}

async function exhaust(): Promise<void> {
  await using target = new TestTarget(echo);
  await using rig = await TcpRig.open(target.port);
  await visit(rig);
  await rig.until(() => rig.recordsOf("closed").length === 1);
  const ballast = takeAll();
  ballast.pop()?.close(); // the last descriptor is the visitor's own
  const visitor = await rig.connect();
  await rig.until(() => rig.lines.some((line) => line.includes("Cannot accept clients for now")));
  for (const file of ballast) file.close();
  await writeAll(visitor, Uint8Array.of(7));
  assert.equal(await visitor.read(new Uint8Array(1)), 1);
  visitor.close();
}

/** (66 - 64) / 2 is one connection at a time; the next one waits for its end. */
async function cap(): Promise<void> {
  await using target = new TestTarget(echo);
  await using rig = await TcpRig.open(target.port);
  assert.ok(rig.lines.some((line) => line.includes(`"maxSessions":1,`)), rig.lines.join("\n"));
  const first = await rig.connect();
  await writeAll(first, Uint8Array.of(7));
  assert.equal(await first.read(new Uint8Array(1)), 1);
  const second = await rig.connect();
  await writeAll(second, Uint8Array.of(8));
  await rig.until(() => rig.lines.some((line) => line.includes("All connections are in use")));
  assert.equal(rig.session.counters.opened, 1);
  first.close();
  assert.equal(await second.read(new Uint8Array(1)), 1);
  second.close();
}

const parts: Record<string, () => Promise<void>> = { short, exhaust, cap };
void parts[Deno.args[0] ?? ""]?.(); // a rejection ends the process with 1
