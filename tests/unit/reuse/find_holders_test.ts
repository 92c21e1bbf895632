import assert from "node:assert/strict";
import { findHolders } from "../../../src/reuse/find_holders.ts";
import { FakeProc } from "./fake_proc.ts";

Deno.test("findHolders() names every process of a socket, the master first", async () => {
  const proc = new FakeProc([
    { pid: 902, comm: "nginx", fds: { 6: 71 } },
    { pid: 812, comm: "nginx", fds: { 0: "/dev/null", 6: 71, 7: 72, 9: "socket:[x]" } },
    { pid: 5, comm: "cron", fds: { 3: 99 } },
  ], []);
  const { holders, sawAll } = await findHolders(new Set([71, 72, 73]), proc);
  assert.deepEqual([...holders], [
    [71, [{ pid: 812, fd: 6, comm: "nginx" }, { pid: 902, fd: 6, comm: "nginx" }]],
    [72, [{ pid: 812, fd: 7, comm: "nginx" }]],
  ]);
  assert.ok(sawAll);
});

Deno.test("findHolders() tells that something was hidden, and not that something ended", async () => {
  const gone = new FakeProc([
    { pid: 2, fds: {}, listError: "ENOENT" },
    { pid: 3, fds: { 1: 71 }, linkError: "ENOENT" },
  ], []);
  assert.deepEqual(await findHolders(new Set([71]), gone), { holders: new Map(), sawAll: true });
  for (const how of [{ listError: "EACCES" }, { linkError: "EACCES" }] as const) {
    const proc = new FakeProc([{ pid: 2, fds: { 1: 71 }, ...how }], []);
    assert.deepEqual(await findHolders(new Set([71]), proc), { holders: new Map(), sawAll: false });
  }
});

Deno.test("findHolders() keeps control characters of a process name from the terminal", async () => {
  const proc = new FakeProc([{ pid: 2, comm: "a\u001b[2Jb\nc", fds: { 1: 71 } }], []);
  const { holders } = await findHolders(new Set([71]), proc);
  assert.equal(holders.get(71)?.[0]?.comm, "a?[2Jb?c");
});

Deno.test("findHolders() keeps a bounded number of the processes that share a socket", async () => {
  const many = Array.from({ length: 500 }, (_, i) => ({ pid: i + 1, fds: { 3: 71 } }));
  const { holders } = await findHolders(new Set([71]), new FakeProc(many, []));
  assert.ok((holders.get(71)?.length ?? 0) <= 16);
});
