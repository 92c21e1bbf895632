import assert from "node:assert/strict";
import { openFds } from "../ffi/mod.ts";

/**
 * Runs a test and asserts that it left no descriptor of ours open. Test files run as threads of one process, so
 * /proc/self/fd would show the neighbours' as well; tests/unit/net/net_leak_test.ts compares that in a child.
 */
export async function withFdCheck(test: () => Promise<void> | void): Promise<void> {
  const before = openFds();
  await test();
  assert.deepEqual(openFds(), before, "descriptors after the test, against before");
}
