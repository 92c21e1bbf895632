import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteSearch, holdsBytes } from "../../../src/reach/byte_search.ts";

Deno.test("ByteSearch.take() finds bytes wherever the stream is cut", () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(bytes, fc.uint8Array({ maxLength: 20 }), fc.nat(28), (wanted, before, cut) => {
      const stream = Uint8Array.from([...before, ...wanted]);
      const search = new ByteSearch(wanted, 64);
      const first = search.take(stream.subarray(0, cut));
      const second = search.take(stream.subarray(cut));
      assert.ok(second);
      assert.equal(first, holdsBytes(stream.subarray(0, cut), wanted));
    }),
  );
});

Deno.test("ByteSearch.take() looks at so many bytes and no more", () => {
  const search = new ByteSearch(Uint8Array.of(9, 9), 4);
  assert.ok(!search.take(Uint8Array.of(1, 2, 3)));
  assert.ok(!search.isOver);
  assert.ok(!search.take(Uint8Array.of(9, 9, 9)));
  assert.ok(search.isOver);
  assert.ok(!search.take(Uint8Array.of(9, 9)));
});
