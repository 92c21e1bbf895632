import assert from "node:assert/strict";
import { join } from "node:path";
import { errorCode } from "../../../src/core/errors.ts";
import type { LogDisk, LogDiskFile } from "../../../src/cli/log_disk.ts";
import { LogFile, type LogFileSettings } from "../../../src/cli/log_file.ts";

/** A disk in memory that can be full, slow, or refuse to rename. */
class FakeDisk implements LogDisk {
  readonly files = new Map<string, string>();
  /** Bytes that still fit. */
  room = Infinity;
  refuses: "open" | "rename" | undefined;
  opened = 0;
  openNow = 0;
  gate: Promise<void> = Promise.resolve();

  open(path: string): Promise<LogDiskFile> {
    if (this.refuses === "open") return Promise.reject(new Error("Cannot open"));
    const before = this.files.get(path) ?? "";
    this.files.set(path, before);
    this.opened++;
    this.openNow++;
    // A file stays itself when it is renamed, so it is known by its text, not by its path.
    let place = path;
    this.#renames.push((from, to) => {
      if (place === from) place = to;
    });
    return Promise.resolve({
      size: before.length,
      isRegular: true,
      write: async (bytes): Promise<number> => {
        await this.gate;
        const fitting = bytes.subarray(0, Math.min(this.room, bytes.length, 7));
        if (fitting.length === 0) throw Object.assign(new Error("No space left"), { code: "ENOSPC" });
        this.room -= fitting.length;
        this.files.set(place, (this.files.get(place) ?? "") + new TextDecoder().decode(fitting));
        return fitting.length;
      },
      truncate: (size): Promise<void> => {
        this.files.set(place, (this.files.get(place) ?? "").slice(0, size));
        return Promise.resolve();
      },
      close: (): void => void this.openNow--,
    });
  }

  readonly #renames: ((from: string, to: string) => void)[] = [];

  rename(from: string, to: string): Promise<void> {
    if (this.refuses === "rename") return Promise.reject(new Error("Cannot rename"));
    const text = this.files.get(from);
    if (text === undefined) return Promise.resolve();
    this.files.delete(from);
    this.files.set(to, text);
    for (const tell of this.#renames) tell(from, to);
    return Promise.resolve();
  }

  remove(path: string): Promise<void> {
    this.files.delete(path);
    return Promise.resolve();
  }
}

function unexpected(what: unknown): never {
  assert.fail(String(what));
}

interface Rig extends AsyncDisposable {
  readonly disk: FakeDisk;
  readonly file: LogFile;
  readonly faults: unknown[];
  readonly recovered: number[];
}

function openRig(settings: Partial<LogFileSettings>, maxPendingBytes?: number): Rig {
  const disk = new FakeDisk();
  const faults: unknown[] = [];
  const recovered: number[] = [];
  const file = new LogFile({
    disk,
    onFault: (error) => faults.push(error),
    onRecovered: (missed) => recovered.push(missed),
    ...(maxPendingBytes !== undefined && { maxPendingBytes }),
  });
  file.configure({ path: "log", maxBytes: 1000, maxFiles: 3, ...settings });
  return { disk, file, faults, recovered, [Symbol.asyncDispose]: () => file[Symbol.asyncDispose]() };
}

Deno.test("LogFile appends lines in order to what is there", async () => {
  const { disk, file } = openRig({});
  disk.files.set("log", "old\n");
  file.line("one");
  file.line("two, which is longer");
  await file.flush();
  file.line("three");
  await file[Symbol.asyncDispose]();
  assert.equal(disk.files.get("log"), "old\none\ntwo, which is longer\nthree\n");
  assert.equal(disk.openNow, 0);
});

Deno.test("LogFile keeps each file within its limit and drops the oldest when it rotates", async () => {
  await using rig = openRig({ maxBytes: 10, maxFiles: 3 });
  for (const line of ["aaaa", "bbbb", "cccc", "dddd", "eeee", "ffff", "gggg"]) rig.file.line(line);
  await rig.file.flush();
  assert.deepEqual(Object.fromEntries(rig.disk.files), {
    "log": "gggg\n",
    "log.1": "eeee\nffff\n",
    "log.2": "cccc\ndddd\n",
  });
});

Deno.test("LogFile writes a line beyond the limit whole, in a file of its own", async () => {
  await using rig = openRig({ maxBytes: 10, maxFiles: 4 });
  for (const line of ["a", "b".repeat(30), "c"]) rig.file.line(line);
  await rig.file.flush();
  assert.deepEqual(Object.fromEntries(rig.disk.files), {
    "log": "c\n",
    "log.1": `${"b".repeat(30)}\n`,
    "log.2": "a\n",
  });
});

Deno.test("LogFile starts over when only one file is kept", async () => {
  await using rig = openRig({ maxBytes: 10, maxFiles: 1 });
  for (const line of ["aaaa", "bbbb", "cccc"]) rig.file.line(line);
  await rig.file.flush();
  assert.deepEqual(Object.fromEntries(rig.disk.files), { "log": "cccc\n" });
});

Deno.test("LogFile tells a full disk once, leaves no half line, and goes on when there is room", async () => {
  await using rig = openRig({});
  const { disk, file, faults, recovered } = rig;
  file.line("one");
  await file.flush();
  disk.room = 3;
  for (const line of ["lost", "lost too"]) {
    file.line(line);
    await file.flush();
  }
  assert.deepEqual(faults.map(errorCode), ["ENOSPC"]);
  assert.equal(disk.files.get("log"), "one\n");
  disk.room = Infinity;
  file.line("two");
  await file.flush();
  assert.equal(disk.files.get("log"), "one\ntwo\n");
  assert.deepEqual(recovered, [2]);
  disk.room = 0;
  file.line("lost");
  await file.flush();
  assert.equal(faults.length, 2);
});

Deno.test("LogFile does not grow a file that it cannot rotate", async () => {
  await using rig = openRig({ maxBytes: 10 });
  rig.disk.refuses = "rename";
  for (const line of ["aaaa", "bbbb", "cccc"]) rig.file.line(line);
  await rig.file.flush();
  assert.equal(rig.disk.files.get("log"), "aaaa\nbbbb\n");
  assert.equal(rig.faults.length, 1);
});

Deno.test("LogFile tells at once that the file cannot be opened, before any line", async () => {
  await using rig = openRig({});
  rig.disk.refuses = "open";
  await rig.file.flush();
  assert.equal(rig.faults.length, 1);
  rig.disk.refuses = undefined;
  rig.file.line("one");
  await rig.file.flush();
  assert.deepEqual([rig.recovered, rig.disk.files.get("log")], [[0], "one\n"]);
});

Deno.test("LogFile drops lines instead of memory when the disk is slow", async () => {
  await using rig = openRig({}, 20);
  await rig.file.flush();
  const gate = Promise.withResolvers<void>();
  rig.disk.gate = gate.promise;
  for (let i = 0; i < 10; i++) rig.file.line("12345678");
  assert.equal(rig.faults.length, 1);
  gate.resolve();
  await rig.file.flush();
  assert.equal(rig.disk.files.get("log"), "12345678\n12345678\n");
  assert.deepEqual(rig.recovered, [8]);
});

Deno.test("LogFile goes over to another file, or to none, between two lines", async () => {
  await using rig = openRig({});
  rig.file.line("one");
  rig.file.configure({ path: "other", maxBytes: 1000, maxFiles: 3 });
  rig.file.line("two");
  rig.file.configure(undefined);
  rig.file.line("three");
  await rig.file.flush();
  assert.deepEqual(Object.fromEntries(rig.disk.files), { "log": "one\n", "other": "two\n" });
  assert.equal(rig.disk.openNow, 0);
});

Deno.test("LogFile opens its file anew when configured again, as after an outside rotation", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = join(directory, "log");
    await using file = new LogFile({ onFault: unexpected, onRecovered: unexpected });
    const settings = { path, maxBytes: 4096, maxFiles: 2 };
    file.configure(settings);
    file.line("one");
    await file.flush();
    await Deno.rename(path, `${path}.moved`);
    file.configure(settings);
    file.line("two");
    await file.flush();
    assert.equal(await Deno.readTextFile(path), "two\n");
    if (Deno.build.os !== "windows") assert.equal(((await Deno.stat(path)).mode ?? 7) & 0o007, 0);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test({
  name: "LogFile tells what the kernel says when the disk is full or the path is a pipe",
  ignore: Deno.build.os !== "linux",
  fn: async (): Promise<void> => {
    const directory = await Deno.makeTempDir();
    try {
      const pipe = join(directory, "pipe");
      await new Deno.Command("mkfifo", { args: [pipe] }).output();
      for (const [path, reason] of [["/dev/full", /ENOSPC|No space/], [pipe, /pipe/]] as const) {
        const faults: unknown[] = [];
        await using file = new LogFile({
          onFault: (error) => faults.push(error),
          onRecovered: unexpected,
        });
        file.configure({ path, maxBytes: 4096, maxFiles: 2 });
        for (let i = 0; i < 3; i++) {
          file.line("one");
          await file.flush();
        }
        assert.equal(faults.length, 1, path);
        assert.match(String(faults[0]), reason);
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
