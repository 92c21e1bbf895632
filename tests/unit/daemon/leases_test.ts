import assert from "node:assert/strict";
import { Leases } from "../../../src/daemon/leases.ts";

function counting(): { readonly open: () => Promise<AsyncDisposable>; opened: number; closed: number } {
  const counts = {
    opened: 0,
    closed: 0,
    open: (): Promise<AsyncDisposable> => {
      counts.opened++;
      return Promise.resolve({
        [Symbol.asyncDispose]: (): Promise<void> => {
          counts.closed++;
          return Promise.resolve();
        },
      });
    },
  };
  return counts;
}

Deno.test("Leases.take() opens a thing once for all holders and closes it with the last one", async () => {
  const leases = new Leases<AsyncDisposable>();
  const counts = counting();
  const [a, b] = await Promise.all([leases.take("x", counts.open), leases.take("x", counts.open)]);
  assert.equal(a.value, b.value);
  await a[Symbol.asyncDispose]();
  assert.deepEqual([counts.opened, counts.closed], [1, 0]);
  await b[Symbol.asyncDispose]();
  assert.deepEqual([counts.opened, counts.closed], [1, 1]);
  const c = await leases.take("x", counts.open);
  assert.notEqual(c.value, a.value);
  await c[Symbol.asyncDispose]();
  assert.deepEqual([counts.opened, counts.closed], [2, 2]);
});

Deno.test("Leases.take() tries anew after a failure", async () => {
  const leases = new Leases<AsyncDisposable>();
  const fail = (): Promise<AsyncDisposable> => Promise.reject(new Error("not yet"));
  const results = await Promise.allSettled([leases.take("x", fail), leases.take("x", fail)]);
  assert.deepEqual(results.map(({ status }) => status), ["rejected", "rejected"]);
  const counts = counting();
  await using _lease = await leases.take("x", counts.open);
  assert.equal(counts.opened, 1);
});
