import assert from "node:assert/strict";
import { systemClock } from "../../../src/core/clock.ts";
import { type FileWriter, systemWriter } from "../../../src/core/replace_file.ts";
import { PublishError } from "../../../src/publish/publisher.ts";
import { openRecordFile } from "../../../src/publish/record_file.ts";
import { inTurn } from "../../../src/publish/record_file/file_turn.ts";
import type { RecordSet } from "../../../src/publish/record_set.ts";
import type { RecordStore } from "../../../src/publish/record_store.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";
import { watch } from "../../fakes/fake_world.ts";

const never = new AbortController().signal;
const parts = { clock: systemClock, random: fakeRandom() };

function storeAt(path: string, more: { format?: "zone" | "json"; writer?: FileWriter } = {}): RecordStore {
  const { format = "zone", writer } = more;
  return openRecordFile({ provider: "file", path, format, zone: undefined, records: [] }, {
    ...parts,
    writer,
  });
}

function address(name: string, text = "203.0.113.10"): RecordSet {
  return { name: `${name}.example.com`, type: "A", ttlSeconds: 60, data: [{ type: "A", address: text }] };
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "porthole-file-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Refuses to write, as the kernel would. */
function refusing(code: string): FileWriter {
  return { replace: () => Promise.reject(Object.assign(new Error(`${code} for /x`), { code })) };
}

Deno.test("openRecordFile() writes JSON for programs, and keeps what is not its own", () =>
  inFolder(async (folder) => {
    const path = `${folder}/r.json`;
    const store = storeAt(path, { format: "json" });
    await store.replace(address("mc"), { signal: never });
    await store.replace({
      name: "pot.example.com",
      type: "TXT",
      ttlSeconds: 60,
      data: [{ type: "TXT", strings: ['a"b'] }],
    }, { signal: never });
    const written = {
      records: [
        { name: "mc.example.com", type: "A", ttl: 60, data: "203.0.113.10" },
        { name: "pot.example.com", type: "TXT", ttl: 60, data: '"a\\"b"' },
      ],
    };
    assert.equal(await Deno.readTextFile(path), `${JSON.stringify(written, undefined, 2)}\n`);
    const foreign = { version: 2, records: ["?", { name: "MC.example.com.", type: "A" }, 5, null], more: [] };
    await Deno.writeTextFile(path, JSON.stringify(foreign));
    await assert.rejects(store.replace(address("mc"), { signal: never }), {
      reason: "records[1] is no A record",
      isPermanent: true,
    });
    await store.replace(address("new"), { signal: never });
    const entry = { name: "new.example.com", type: "A", ttl: 60, data: "203.0.113.10" };
    assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), {
      ...foreign,
      records: [...foreign.records, entry],
    });
  }));

Deno.test("openRecordFile() refuses broken files for good, and leaves them as they are", () =>
  inFolder(async (folder) => {
    const cases: readonly (readonly ["zone" | "json", string | Uint8Array, RegExp])[] = [
      ["json", "{", /no JSON object/],
      ["json", "[]", /no JSON object/],
      ["json", '{"records": {}}', /"records" in the file is no list/],
      ["zone", 'a. TXT "', /quote of line 1/],
      ["zone", Uint8Array.of(0x3b, 0xe9, 0x0a), /not UTF-8/],
    ];
    for (const [format, content, reason] of cases) {
      const path = `${folder}/broken`;
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(path, bytes);
      await assert.rejects(
        storeAt(path, { format }).replace(address("mc"), { signal: never }),
        (error) => error instanceof PublishError && error.isPermanent && reason.test(error.reason),
      );
      assert.deepEqual(await Deno.readFile(path), bytes);
    }
  }));

Deno.test("openRecordFile() reads a byte order mark over, and keeps it in a zone", () =>
  inFolder(async (folder) => {
    const path = `${folder}/r`;
    await Deno.writeTextFile(path, "\uFEFF; hello\n");
    await storeAt(path).replace(address("mc"), { signal: never });
    assert.equal(await Deno.readTextFile(path), "\uFEFF; hello\nmc.example.com. 60 IN A 203.0.113.10\n");
  }));

Deno.test("openRecordFile() tells why a file cannot be used", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/sub`);
    await Deno.writeTextFile(`${folder}/file`, "");
    const failureAt = async (path: string, writer?: FileWriter): Promise<PublishError> => {
      const work = storeAt(path, writer && { writer }).replace(address("mc"), { signal: never });
      const error: unknown = await work.then(() => undefined, (reason: unknown) => reason);
      assert.ok(error instanceof PublishError, String(error));
      return error;
    };
    const places: readonly (readonly [string, RegExp])[] = [
      [`${folder}/none/r`, /^the folder .*\/none does not exist$/],
      [`${folder}/sub`, /is not a regular file$/],
      [`${folder}/file/r`, /the folder does not exist$/],
    ];
    for (const [path, reason] of places) {
      const error = await failureAt(path);
      assert.match(error.reason, reason);
      assert.ok(error.isPermanent, error.reason);
    }
    const codes: readonly (readonly [string, string, boolean])[] = [
      ["EACCES", "permission denied", true],
      ["EROFS", "the file system is read-only", true],
      ["ENOSPC", "the disk is full", false],
      ["EDQUOT", "the quota is used up", false],
      ["EIO", "EIO for /x", false],
    ];
    for (const [code, words, isPermanent] of codes) {
      const error = await failureAt(`${folder}/r`, refusing(code));
      assert.deepEqual([error.reason, error.isPermanent], [
        `cannot write ${folder}/r: ${words}`,
        isPermanent,
      ]);
    }
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["file", "sub"]);
  }));

Deno.test("openRecordFile() loses nothing when many tunnels write at once", () =>
  inFolder(async (folder) => {
    const names = Array.from({ length: 30 }, (_, i) => `t${i}`);
    const path = `${folder}/r`;
    await Promise.all(names.map((name) => storeAt(path).replace(address(name), { signal: never })));
    const text = await Deno.readTextFile(path);
    for (const name of names) assert.ok(text.includes(`\n${name}.example.com. 60 IN A 203.0.113.10\n`), name);
  }));

Deno.test({
  name: "openRecordFile() loses nothing when two processes write at once",
  // Folders cannot be locked there: a line that goes missing is seen, but only by who wrote it last.
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const path = `${folder}/r`;
      const child = new URL("record_file_child.ts", import.meta.url).pathname;
      const count = 25;
      const outputs = await Promise.all(["a", "b"].map((name) =>
        new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", "--cached-only", child, path, name, `${count}`],
          stdin: "null",
        }).output()
      ));
      for (const { success, stderr } of outputs) assert.ok(success, new TextDecoder().decode(stderr));
      const lines = (await Deno.readTextFile(path)).split("\n").filter((line) => line.includes(" IN A "));
      assert.equal(new Set(lines).size, 2 * count);
    }),
});

Deno.test("openRecordFile() writes again when somebody else wrote over it, and gives up in the end", () =>
  inFolder(async (folder) => {
    const path = `${folder}/r`;
    let overwrites = 1;
    const clock = new FakeClock();
    const writer: FileWriter = {
      replace: async (file, text): Promise<void> => {
        await systemWriter.replace(file, text);
        if (overwrites-- > 0) await Deno.writeTextFile(file, "; somebody else\n");
      },
    };
    const options = { provider: "file", path, format: "zone", zone: undefined, records: [] } as const;
    const store = openRecordFile(options, { clock, random: fakeRandom(), writer });
    const passUntil = async (work: { readonly isSettled: boolean }): Promise<void> => {
      while (!work.isSettled) await clock.advance(10_000);
    };
    const mended = watch(store.replace(address("mc"), { signal: never }));
    await passUntil(mended);
    assert.equal(mended.error, undefined);
    assert.equal(await Deno.readTextFile(path), "; somebody else\nmc.example.com. 60 IN A 203.0.113.10\n");
    overwrites = Infinity;
    const lost = watch(store.replace(address("other"), { signal: never }));
    await passUntil(lost);
    assert.match(String(lost.error), /somebody else keeps writing to/);
    assert.ok(!(lost.error as PublishError).isPermanent);
  }));

Deno.test("inTurn() throws the reason when aborted while another one works, and lets the next one in", () =>
  inFolder(async (folder) => {
    const path = `${folder}/r`;
    const stopping = new AbortController();
    const busy = Promise.withResolvers<void>();
    const order: string[] = [];
    const first = inTurn(path, () => busy.promise, { ...parts, signal: never });
    const work = (name: string, signal: AbortSignal): Promise<void> =>
      inTurn(path, () => Promise.resolve(void order.push(name)), { ...parts, signal });
    const second = work("second", stopping.signal);
    const third = work("third", never);
    const reason = new Error("enough");
    stopping.abort(reason);
    const rejected = assert.rejects(second, (error) => error === reason);
    busy.resolve();
    await Promise.all([first, rejected, third]);
    assert.deepEqual(order, ["third"]);
  }));

Deno.test({
  name: "inTurn() gives up when another process keeps the folder locked",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      using other = await Deno.open(folder);
      const isExclusive = true;
      await other.lock(isExclusive);
      const clock = new FakeClock();
      const work = inTurn(`${folder}/r`, () => Promise.resolve(), {
        clock,
        random: fakeRandom(),
        signal: never,
      });
      const waiting = watch(work);
      while (!waiting.isSettled) await clock.advance(1000);
      assert.match(String(waiting.error), /keeps the folder .* locked/);
      assert.equal(clock.pendingTimers, 0);
    }),
});

Deno.test({
  name:
    "openRecordFile() leaves owner and mode of a file as they are, and makes new ones for everybody to read",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const modeOf = async (path: string): Promise<number> => (await Deno.stat(path)).mode ?? 0;
      for (const mode of [0o600, 0o664]) {
        const path = `${folder}/${mode}`;
        await Deno.writeTextFile(path, "; mine\n");
        await Deno.chmod(path, mode);
        const isRoot = Deno.uid() === 0;
        if (isRoot) await Deno.chown(path, 12_345, 23_456);
        await storeAt(path).replace(address("mc"), { signal: never });
        assert.equal(await modeOf(path) & 0o777, mode);
        const { uid, gid } = await Deno.stat(path);
        if (isRoot) assert.deepEqual([uid, gid], [12_345, 23_456]);
      }
      await storeAt(`${folder}/new`).replace(address("mc"), { signal: never });
      assert.equal(await modeOf(`${folder}/new`) & 0o777, 0o644);
    }),
});
