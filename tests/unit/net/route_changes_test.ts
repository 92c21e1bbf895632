import assert from "node:assert/strict";
import type { RouteMessage } from "../../../ffi/mod.ts";
import { RouteChanges } from "../../../src/net/route_changes.ts";

const up: RouteMessage = { kind: "link", isGone: false, index: 2, flags: 0x11043 };
const down: RouteMessage = { kind: "link", isGone: false, index: 2, flags: 0x1002 };
const address: RouteMessage = {
  kind: "address",
  isGone: false,
  index: 2,
  address: "/24 c0000201",
  flags: 0x80,
};
const route: RouteMessage = { kind: "route", isGone: false };

Deno.test("RouteChanges.take() tells a link's change from its statistics", () => {
  const changes = new RouteChanges();
  const seen = [up, up, down, down, up, { ...up, isGone: true }, up].map((message) =>
    changes.take([message])
  );
  assert.deepEqual(seen, [true, false, true, false, true, true, true]);
});

Deno.test("RouteChanges.take() tells a new address from a renewed one", () => {
  const changes = new RouteChanges();
  const other = { ...address, index: 3 };
  const seen = [address, address, other, { ...address, isGone: true }, address, address]
    .map((message) => changes.take([message]));
  assert.deepEqual(seen, [true, false, true, true, true, false]);
});

Deno.test("RouteChanges.take() remembers every message of a burst", () => {
  const changes = new RouteChanges();
  assert.ok(changes.take([route, up, address]));
  assert.ok(!changes.take([up, address]));
  assert.ok(!changes.take([]));
  assert.ok(changes.take([up, route]));
});

Deno.test("RouteChanges.take() notices an address that comes back, whatever its flags were when it went", () => {
  const changes = new RouteChanges();
  const gone = { ...address, isGone: true, flags: 0x20 };
  assert.deepEqual([address, gone, address].map((message) => changes.take([message])), [true, true, true]);
  const linkGone = { ...up, isGone: true };
  assert.deepEqual([linkGone, address].map((message) => changes.take([message])), [true, true]);
});

Deno.test("RouteChanges.take() notices that an address stops being tentative", () => {
  const changes = new RouteChanges();
  assert.ok(changes.take([{ ...address, flags: 0x40 }]));
  assert.ok(changes.take([address]));
  assert.ok(!changes.take([address]));
});

Deno.test("RouteChanges.forget() makes everything new", () => {
  const changes = new RouteChanges();
  changes.take([up, address]);
  changes.forget();
  assert.ok(changes.take([up]));
  assert.ok(changes.take([address]));
});
