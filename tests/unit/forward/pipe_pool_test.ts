import assert from "node:assert/strict";
import { holdLibc, Pipe, SystemError } from "../../../ffi/mod.ts";
import { PipePool } from "../../../src/forward/pipe_pool.ts";
import { withFdCheck } from "../../leak.ts";

Deno.test("PipePool lends a bounded number of pipes, and again what was given back", () =>
  withFdCheck(() => {
    using _libc = holdLibc();
    using pool = new PipePool({ size: 2 });
    const first = pool.take(0);
    const second = pool.take(0);
    assert.ok(first !== undefined && second !== undefined && first !== second);
    assert.ok(first.capacity >= 65_536, `${first.capacity} bytes`);
    assert.equal(pool.take(0), undefined);
    pool.give(first);
    assert.equal(pool.take(0), first);
    pool.discard(second);
    assert.ok(second.readEnd.isClosed && second.writeEnd.isClosed);
    assert.equal(pool.count, 1);
    assert.notEqual(pool.take(0), undefined);
  }));

Deno.test("PipePool does without, and asks again later, when the kernel grants small pipes only", () =>
  withFdCheck(() => {
    using _libc = holdLibc();
    let opened = 0;
    let isPoor = true;
    const open = (sizes: readonly number[]): Pipe => {
      opened++;
      return Pipe.open(isPoor ? [4096] : sizes);
    };
    using pool = new PipePool({ open });
    assert.equal(pool.take(0), undefined);
    assert.equal(pool.take(9_999), undefined);
    assert.equal(opened, 1);
    isPoor = false;
    assert.notEqual(pool.take(10_000), undefined);
  }));

Deno.test("PipePool.take() gives none when descriptors are used up, and throws for anything else", () => {
  const failing = (errno: number): PipePool =>
    new PipePool({
      open: () => {
        throw new SystemError(errno, "pipe2");
      },
    });
  using _libc = holdLibc();
  assert.equal(failing(24).take(0), undefined); // EMFILE
  assert.throws(() => failing(14).take(0), { code: "EFAULT" });
});
