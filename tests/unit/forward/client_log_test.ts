import assert from "node:assert/strict";
import type { LogFields, Logger } from "../../../src/core/log.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { ClientLog, openClientLog } from "../../../src/forward/client_log.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";

function open(): { clock: FakeClock; log: ClientLog<number>; shown: number[]; hidden: number[] } {
  const clock = new FakeClock();
  const shown: number[] = [];
  const hidden: number[] = [];
  const log = new ClientLog<number>({ clock, show: (n) => shown.push(n), more: (n) => hidden.push(n) });
  return { clock, log, shown, hidden };
}

Deno.test("ClientLog shows ten lines at once, then one per second, and counts the others", async () => {
  const { clock, log, shown, hidden } = open();
  for (let i = 0; i < 50; i++) log.note(i);
  assert.deepEqual(shown, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  await clock.advance(1000);
  log.note(100);
  log.note(101);
  assert.equal(shown.at(-1), 100);
  await clock.advance(9000);
  assert.deepEqual(hidden, [41]);
  for (let i = 0; i < 9; i++) log.note(200 + i);
  assert.equal(shown.length, 20);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("ClientLog tells the last count when it is disposed, and nothing when all were shown", () => {
  const { clock, log, hidden } = open();
  for (let i = 0; i < 12; i++) log.note(i);
  log[Symbol.dispose]();
  assert.deepEqual(hidden, [2]);
  assert.equal(clock.pendingTimers, 0);
  const quiet = open();
  quiet.log.note(1);
  quiet.log[Symbol.dispose]();
  assert.deepEqual(quiet.hidden, []);
});

Deno.test("openClientLog() writes who, how much, how long and why", () => {
  const lines: [string, LogFields | undefined][] = [];
  const log: Logger = { ...silentLogger, info: (message, fields) => void lines.push([message, fields]) };
  using clients = openClientLog(log, { name: "web", clock: new FakeClock() });
  const client = { address: "198.51.100.7", port: 5 };
  clients.note({ state: "refused", client, reason: "denied" });
  clients.note({
    state: "closed",
    client,
    local: client,
    bytesIn: 1,
    bytesOut: 0,
    durationMs: 2,
    reason: "eof",
  });
  assert.deepEqual(lines, [
    ["Client refused", { tunnel: "web", client: "198.51.100.7:5", reason: "denied" }],
    ["Client closed", {
      tunnel: "web",
      client: "198.51.100.7:5",
      local: "198.51.100.7:5",
      bytesIn: 1,
      bytesOut: 0,
      durationMs: 2,
      reason: "eof",
    }],
  ]);
});
