import assert from "node:assert/strict";
import type { ServiceSnapshot, TunnelSnapshot } from "../../../src/status/service_snapshot.ts";
import type { FileWriter } from "../../../src/core/replace_file.ts";
import { StatusFile, type StatusFileOptions } from "../../../src/status/status_file.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";
import { after, LogBook, NOW, service, tunnel } from "./status_rig.ts";

/** A disk that a test fills, breaks, or holds up. */
class FakeWriter implements FileWriter {
  readonly texts: string[] = [];
  tries = 0;
  running = 0;
  mostRunning = 0;
  failure: Error | undefined;
  gate: Promise<void> = Promise.resolve();

  async replace(_path: string, text: string): Promise<void> {
    this.tries++;
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    try {
      await this.gate;
      if (this.failure !== undefined) throw this.failure;
      this.texts.push(text);
    } finally {
      this.running--;
    }
  }
}

class Rig {
  readonly clock = new FakeClock();
  readonly writer = new FakeWriter();
  readonly log = new LogBook();
  current: ServiceSnapshot = service([]);

  open(more: Partial<StatusFileOptions> = {}): Promise<StatusFile> {
    const { clock, writer, log } = this;
    const snapshot = (): ServiceSnapshot => this.current;
    return StatusFile.open({
      path: "/run/s.json",
      format: "porthole",
      snapshot,
      clock,
      writer,
      log,
      ...more,
    });
  }

  show(...tunnels: readonly TunnelSnapshot[]): void {
    this.current = service(tunnels);
  }
}

Deno.test("StatusFile writes the snapshot at the start, as JSON with two spaces and a newline", async () => {
  const rig = new Rig();
  rig.show(tunnel());
  await using _file = await rig.open();
  assert.deepEqual(rig.writer.texts, [`${JSON.stringify(rig.current, undefined, 2)}\n`]);
});

Deno.test("StatusFile.note() writes at most once per 500 ms, and the last state in the end", async () => {
  const rig = new Rig();
  const { clock, writer } = rig;
  await using file = await rig.open();
  for (let i = 1; i <= 40; i++) {
    rig.show(tunnel({ changes: i }));
    file.note();
    await clock.advance(50);
  }
  await clock.advance(1000);
  assert.ok(writer.texts.length >= 4 && writer.texts.length <= 6, `${writer.texts.length}`);
  assert.match(writer.texts.at(-1) ?? "", /"changes": 40/);
  await clock.advance(60_000);
  file.note();
  rig.show(tunnel({ changes: 41 }));
  await clock.advance(0);
  assert.match(writer.texts.at(-1) ?? "", /"changes": 41/, "after a pause it is written at once");
});

Deno.test("StatusFile.note() does nothing for clients that come and go, and for texts that stay the same", async () => {
  const rig = new Rig();
  await using file = await rig.open();
  const client = { address: "198.51.100.7", port: 1 };
  const { clock, writer } = rig;
  file.note({ event: "client", name: "ssh", protocol: "tcp", at: NOW, state: "opened", client });
  assert.equal(clock.pendingTimers, 0);
  file.note();
  await clock.advance(10_000);
  assert.equal(writer.tries, 1);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("StatusFile has one write under way at a time, and catches up afterwards", async () => {
  const rig = new Rig();
  const { clock, writer } = rig;
  await using file = await rig.open();
  const gate = Promise.withResolvers<void>();
  writer.gate = gate.promise;
  await clock.advance(500);
  for (let i = 1; i <= 3; i++) {
    rig.show(tunnel({ changes: i }));
    file.note();
    await clock.advance(1_000);
  }
  assert.equal(writer.texts.length, 1);
  gate.resolve();
  await clock.advance(500);
  assert.equal(writer.mostRunning, 1);
  assert.deepEqual(writer.texts.map((text) => /"changes": (\d)/.exec(text)?.[1]), [undefined, "1", "3"]);
});

Deno.test("StatusFile warns once about a full disk, and tries with each change and every 30 s", async () => {
  const rig = new Rig();
  const { clock, writer, log } = rig;
  writer.failure = new Error("No space left on device");
  await using file = await rig.open();
  await clock.advance(1_000);
  assert.equal(writer.tries, 1);
  file.note();
  await clock.advance(0);
  assert.equal(writer.tries, 2);
  await clock.advance(61_000);
  assert.equal(writer.tries, 4);
  assert.deepEqual(log.lines, ["warn Cannot write status file; trying again"]);
  writer.failure = undefined;
  await clock.advance(30_000);
  assert.equal(writer.texts.length, 1);
  assert.equal(log.lines.length, 2);
  await clock.advance(120_000);
  assert.equal(writer.tries, 5);
  writer.failure = new Error("again");
  rig.show(tunnel());
  file.note();
  await clock.advance(0);
  assert.equal(log.lines.length, 3);
});

Deno.test("StatusFile writes what changed at the end, and leaves no timer", async () => {
  const rig = new Rig();
  {
    await using file = await rig.open();
    rig.show(tunnel({ state: "opening", reason: "stopped" }));
    file.note();
  }
  assert.equal(rig.writer.texts.length, 2);
  assert.match(rig.writer.texts[1] ?? "", /"stopped"/);
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("StatusFile ends in time although the disk hangs", async () => {
  const rig = new Rig();
  const file = await rig.open();
  const gate = Promise.withResolvers<void>();
  rig.writer.gate = gate.promise;
  rig.show(tunnel());
  file.note();
  const ended = file[Symbol.asyncDispose]();
  await rig.clock.advance(2_000);
  await ended;
  gate.resolve();
  await settle();
});

Deno.test("StatusFile in natter's format is its file byte for byte", async () => {
  const rig = new Rig();
  const { clock, writer } = rig;
  rig.show(tunnel({ name: "web", state: "opening" }), tunnel({ name: "ssh", state: "opening" }));
  await using file = await rig.open({ format: "natter" });
  const last = async (): Promise<string> => {
    file.note();
    await clock.advance(500);
    return writer.texts.at(-1) ?? "none";
  };
  assert.equal(await last(), "");
  const web = tunnel({ name: "web", target: "192.168.1.100:443", since: after(2).toISOString() });
  rig.show(web, tunnel({ name: "ssh", state: "lost" }));
  const only = `{
    "tcp": [
        {
            "inner": "192.168.1.100:443",
            "outer": "203.0.113.10:14500"
        }
    ],
    "udp": []
}`;
  assert.equal(await last(), only);
  const ssh = tunnel({ name: "ssh", external: "203.0.113.10:1" });
  const game = tunnel({
    name: "game",
    protocol: "udp",
    external: "203.0.113.10:2",
    since: after(9).toISOString(),
  });
  const old = tunnel({ name: "old", external: "203.0.113.10:3", since: after(-9).toISOString() });
  rig.show(game, ssh, old, web);
  assert.deepEqual(JSON.parse(await last()), {
    tcp: [
      { inner: "192.168.1.100:443", outer: "203.0.113.10:14500" },
      { inner: "192.168.1.2:3456", outer: "203.0.113.10:3" },
      { inner: "192.168.1.2:3456", outer: "203.0.113.10:1" },
    ],
    udp: [{ inner: "192.168.1.2:3456", outer: "203.0.113.10:2" }],
  });
  rig.show(tunnel({ name: "web", state: "lost" }));
  assert.equal(await last(), '{\n    "tcp": [],\n    "udp": []\n}');
});

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("StatusFile replaces a real file in one step, for all to read, and follows a link", async () => {
  await inFolder(async (folder) => {
    const rig = new Rig();
    const path = `${folder}/s.json`;
    await Deno.mkdir(`${folder}/real`);
    await Deno.writeTextFile(`${folder}/real/s.json`, "old");
    await Deno.symlink(`${folder}/real/s.json`, path);
    using reader = await Deno.open(`${folder}/real/s.json`);
    await using _file = await StatusFile.open({
      ...{ path, format: "porthole", clock: rig.clock, log: rig.log },
      snapshot: () => rig.current,
    });
    assert.deepEqual(rig.log.lines, []);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), rig.current);
    assert.ok((await Deno.lstat(path)).isSymlink);
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o644);
    const bytes = new Uint8Array(10);
    assert.equal(await reader.read(bytes), 3, "who has the old file open still reads the old text");
    assert.deepEqual([...Deno.readDirSync(`${folder}/real`)].map(({ name }) => name), ["s.json"]);
  });
});

Deno.test("StatusFile leaves devices and folders alone, and does without a folder", async () => {
  await inFolder(async (folder) => {
    for (const path of ["/dev/null", folder, `${folder}/none/s.json`]) {
      const rig = new Rig();
      await using _file = await StatusFile.open({
        ...{ path, format: "porthole", clock: rig.clock, log: rig.log },
        snapshot: () => rig.current,
      });
      assert.deepEqual(rig.log.lines, ["warn Cannot write status file; trying again"], path);
    }
    assert.ok((await Deno.stat("/dev/null")).isCharDevice);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  });
});
