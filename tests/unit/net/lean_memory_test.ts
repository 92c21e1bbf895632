import assert from "node:assert/strict";
import { holdLibc, releaseFilePages, releaseHeap } from "../../../ffi/mod.ts";
import { keepMemoryLean } from "../../../src/net/lean_memory.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";

const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "releaseFilePages() takes files that are mapped read-only, and everything still works afterwards",
  ignore,
  fn(): void {
    using _libc = holdLibc();
    const smaps = Deno.readTextFileSync("/proc/self/smaps");
    assert.ok(releaseFilePages(smaps) > 0);
    releaseHeap();
    assert.equal([..."code"].toReversed().join(""), "edoc");
  },
});

Deno.test({
  name: "releaseFilePages() passes over what is written, shared, anonymous, copied, absent or gone",
  ignore,
  fn(): void {
    using _libc = holdLibc();
    const lines = "Size: 4 kB\nRss: 4 kB\nAnonymous: 0 kB\nVmFlags: rd mr\n";
    const table = [
      ["1000-2000 rw-p 00000000 fe:00 17 /data", lines],
      ["1000-2000 r--s 00000000 fe:00 17 /shared", lines],
      ["1000-2000 r-xp 00000000 00:00 0 [vdso]", lines],
      ["1000-2000 r--p 00000000 fe:00 17 /relocated", lines.replace("Anonymous: 0", "Anonymous: 4")],
      ["1000-2000 r-xp 00000000 fe:00 17 /unused", lines.replace("Rss: 4", "Rss: 0")],
      ["1000-2000 r-xp 00000000 fe:00 17 /gone", lines],
      ["nonsense", ""],
    ];
    assert.equal(releaseFilePages(table.map((parts) => parts.join("\n")).join("\n")), 0);
  },
});

Deno.test("keepMemoryLean() works on and on until it is disposed, and gives up where nothing can be read", async () => {
  if (ignore) return;
  using _libc = holdLibc();
  const clock = new FakeClock();
  let reads = 0;
  const lean = keepMemoryLean({ clock, readSmaps: () => (reads++, "") });
  await clock.advance(71_000);
  assert.equal(reads, 3);
  lean[Symbol.dispose]();
  await clock.advance(600_000);
  assert.equal(reads, 3);
  let tries = 0;
  using _blind = keepMemoryLean({
    clock,
    readSmaps: () => {
      tries++;
      throw new Deno.errors.PermissionDenied("no");
    },
  });
  await clock.advance(600_000);
  assert.equal(tries, 1);
});
