import assert from "node:assert/strict";
import { detachNatmap } from "../../../../../src/cli/compat/natmap/detach.ts";

Deno.test("detachNatmap() starts this program again as natmap, in the foreground, with the same words", () => {
  const started: (readonly string[])[] = [];
  detachNatmap(["-ud", "-s", "a b"], (command, args) => void started.push([command, ...args]));
  assert.equal(started.length, 1);
  assert.equal(started[0]?.[0], Deno.execPath());
  assert.deepEqual(started[0]?.slice(-5), ["natmap", "--foreground", "-ud", "-s", "a b"]);
});
