import assert from "node:assert/strict";
import fc from "fast-check";
import { PublishError } from "../../../src/publish/publisher.ts";
import { readPages } from "../../../src/publish/read_pages.ts";

Deno.test("readPages() reads every item once, by offset and by number, whatever fits on a page", async () => {
  await fc.assert(fc.asyncProperty(fc.nat(40), fc.integer({ min: 1, max: 15 }), async (count, size) => {
    const items = Array.from({ length: count }, (_, i) => i);
    const total = count;
    const byOffset = await readPages(
      "x",
      ({ offset }) => Promise.resolve({ items: items.slice(offset, offset + size), total }),
    );
    const byNumber = await readPages(
      "x",
      ({ number }) => Promise.resolve({ items: items.slice((number - 1) * size, number * size), total }),
    );
    assert.deepEqual([byOffset, byNumber], [items, items]);
  }));
});

Deno.test("readPages() ends with an empty page when the server says there is more", async () => {
  const pages = [[1, 2], [3], []];
  const read = await readPages(
    "x",
    ({ number }) => Promise.resolve({ items: pages[number - 1] ?? [], total: 99 }),
  );
  assert.deepEqual(read, [1, 2, 3]);
});

Deno.test("readPages() gives up when a list never ends", async () => {
  const endless = readPages("x", () => Promise.resolve({ items: [1], total: Infinity }));
  await assert.rejects(endless, (error) => error instanceof PublishError && !error.isPermanent);
});
