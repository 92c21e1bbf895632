import assert from "node:assert/strict";
import type { StreamConnection } from "../../../../../src/core/net.ts";
import { checkPort } from "../../../../../src/cli/compat/natter/port_checks.ts";
import { kernelError } from "../../../../fakes/fake_net.ts";
import { openFakeWorld, watch } from "../../../../fakes/fake_world.ts";

const never = new AbortController().signal;
const PORT = { address: "192.168.1.50", port: 80 };

Deno.test("checkPort() tells open, closed and unknown by what the kernel says", async () => {
  const table = [
    ["ECONNREFUSED", "CLOSED"],
    ["EHOSTUNREACH", "CLOSED"],
    // It was accepted before it was reset.
    ["ECONNRESET", "OPEN"],
    ["ENETUNREACH", "UNKNOWN"],
    ["EADDRNOTAVAIL", "UNKNOWN"],
  ] as const;
  for (const [code, expected] of table) {
    const { platform, net } = openFakeWorld();
    net.connectStream = (): Promise<StreamConnection> => Promise.reject(kernelError(code, "connect"));
    assert.equal(await checkPort(PORT, { platform, from: "192.168.1.2", signal: never }), expected, code);
  }
});

Deno.test("checkPort() gives up after one second and closes what it opened", async () => {
  const { platform, net, clock } = openFakeWorld();
  net.silent.add(PORT.address);
  const silent = watch(checkPort(PORT, { platform, from: "192.168.1.2", signal: never }));
  await clock.advance(999);
  assert.ok(!silent.isSettled);
  await clock.advance(1);
  assert.equal(silent.value, "CLOSED");
  assert.equal(net.open.size, 0);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("checkPort() passes an abort on", async () => {
  const { platform, net, clock } = openFakeWorld();
  net.silent.add(PORT.address);
  const ended = new AbortController();
  const cut = watch(checkPort(PORT, { platform, from: "192.168.1.2", signal: ended.signal }));
  const reason = new Error("over");
  ended.abort(reason);
  await clock.advance(0);
  assert.equal(cut.error, reason);
});
