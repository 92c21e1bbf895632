import assert from "node:assert/strict";
import type { MappedEvent, MappingFields } from "../../../src/core/mapping.ts";
import { type StateDisk, StateFile } from "../../../src/daemon/state_file.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";
import { LogBook } from "../../fakes/keeper_world.ts";
import { planFor } from "../../fakes/tunnel_plan.ts";

const PLAN = planFor({ name: "ssh", port: { kind: "fixed", port: 0 } });
const MAPPING: MappingFields = {
  internal: { address: "192.168.1.2", port: 40_123 },
  external: { address: "203.0.113.10", port: 14_500 },
  target: { address: "127.0.0.1", port: 22 },
};
const MAPPED: MappedEvent = { event: "mapped", name: "ssh", protocol: "tcp", at: new Date(0), ...MAPPING };

/** Files in memory. */
class MemoryDisk implements StateDisk {
  readonly files = new Map<string, string>();
  writes = 0;
  fault: Error | undefined;

  read(path: string): Promise<string | undefined> {
    return this.fault === undefined ? Promise.resolve(this.files.get(path)) : Promise.reject(this.fault);
  }

  write(path: string, text: string): Promise<void> {
    this.writes++;
    if (this.fault !== undefined) return Promise.reject(this.fault);
    this.files.set(path, text);
    return Promise.resolve();
  }
}

interface Rig {
  readonly disk: MemoryDisk;
  readonly clock: FakeClock;
  readonly log: LogBook;
  readonly open: (options?: { readonly announcesAtStart: boolean }) => Promise<StateFile>;
}

function rig(): Rig {
  const [disk, clock, log] = [new MemoryDisk(), new FakeClock(), new LogBook()];
  return {
    disk,
    clock,
    log,
    open: (options = { announcesAtStart: false }) =>
      StateFile.open({ directory: "/state", ...options, disk, clock, log }),
  };
}

Deno.test("StateFile remembers over a restart which port was bound and who was told what", async () => {
  const { clock, open, disk } = rig();
  const first = await open();
  assert.equal(first.portOf(PLAN), undefined);
  first.note(MAPPED);
  first.noteTold(PLAN, "hooks-1", MAPPING);
  await clock.advance(200);
  assert.equal(disk.writes, 1, "one write for changes that come together");
  await first[Symbol.asyncDispose]();
  const second = await open();
  assert.equal(second.portOf(PLAN), 40_123);
  assert.deepEqual(second.toldOf(PLAN, "hooks-1"), MAPPING);
  assert.equal(second.toldOf(PLAN, "hooks-2"), undefined);
  assert.equal(second.portOf({ ...PLAN, protocol: "udp" }), undefined);
  second.noteTold(PLAN, "hooks-1", undefined);
  await second[Symbol.asyncDispose]();
  assert.equal((await open()).toldOf(PLAN, "hooks-1"), undefined);
});

Deno.test("StateFile tells everybody again after a restart when asked to", async () => {
  const { open } = rig();
  const first = await open();
  first.note(MAPPED);
  first.noteTold(PLAN, "hooks-1", MAPPING);
  await first[Symbol.asyncDispose]();
  const second = await open({ announcesAtStart: true });
  assert.equal(second.toldOf(PLAN, "hooks-1"), undefined);
  assert.equal(second.portOf(PLAN), 40_123);
});

Deno.test("StateFile forgets tunnels that are not wanted any more", async () => {
  const { open } = rig();
  const first = await open();
  first.note(MAPPED);
  first.note({ ...MAPPED, name: "old" });
  first.keepOnly([PLAN]);
  await first[Symbol.asyncDispose]();
  const second = await open();
  assert.equal(second.portOf({ ...PLAN, name: "old" }), undefined);
  assert.equal(second.portOf(PLAN), 40_123);
});

Deno.test("StateFile forgets what sinks were told that are not there any more", async () => {
  const { open, disk } = rig();
  const first = await open();
  for (const sink of ["hooks-1", "webhook-1"]) first.noteTold(PLAN, sink, MAPPING);
  first.keepSinks(PLAN, new Set(["webhook-1", "webhook-2"]));
  await first[Symbol.asyncDispose]();
  const second = await open();
  assert.equal(second.toldOf(PLAN, "hooks-1"), undefined);
  assert.deepEqual(second.toldOf(PLAN, "webhook-1"), MAPPING);
  second.keepSinks(PLAN, new Set(["webhook-1"]));
  await second[Symbol.asyncDispose]();
  assert.equal(disk.writes, 1);
});

Deno.test("StateFile writes nothing where nothing changed", async () => {
  const { disk, open } = rig();
  const first = await open();
  first.note(MAPPED);
  await first[Symbol.asyncDispose]();
  const second = await open();
  second.note(MAPPED);
  await second[Symbol.asyncDispose]();
  assert.equal(disk.writes, 1);
});

for (
  const [what, text] of [
    ["no JSON", "{ broken"],
    ["another shape", "[1, 2]"],
    ["wrong types", '{"tunnels":{"tcp ssh":{"internal":7,"told":{"hooks-1":["x", 3]}}}}'],
    ["nonsense endpoints", '{"tunnels":{"tcp ssh":{"internal":"nowhere","told":{"hooks-1":["a","b"]}}}}'],
  ] as const
) {
  Deno.test(`StateFile starts without a state that is ${what}`, async () => {
    const { disk, open } = rig();
    disk.files.set("/state/state.json", text);
    const state = await open();
    assert.deepEqual([state.portOf(PLAN), state.toldOf(PLAN, "hooks-1")], [undefined, undefined]);
    await state[Symbol.asyncDispose]();
  });
}

Deno.test("StateFile says once that the disk refuses, and writes when it takes again", async () => {
  const { disk, clock, log, open } = rig();
  const state = await open();
  disk.fault = new Error("No space left on device");
  for (const port of [1, 2, 3]) {
    state.note({ ...MAPPED, internal: { address: "192.168.1.2", port } });
    await clock.advance(200);
    await settle();
  }
  assert.equal(log.lines.filter((line) => line.includes("No space left")).length, 1);
  disk.fault = undefined;
  state.note(MAPPED);
  await state[Symbol.asyncDispose]();
  assert.match(disk.files.get("/state/state.json") ?? "", /40123/);
});

Deno.test("StateFile writes a real file into a folder that it makes", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { clock, log } = rig();
    const options = { directory: `${folder}/deep/state`, announcesAtStart: false, clock, log };
    const first = await StateFile.open(options);
    first.note(MAPPED);
    await first[Symbol.asyncDispose]();
    assert.equal((await StateFile.open(options)).portOf(PLAN), 40_123);
    assert.deepEqual(log.lines, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
