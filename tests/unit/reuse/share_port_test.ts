import assert from "node:assert/strict";
import { holdLibc } from "../../../ffi/mod.ts";
import type { LogFields } from "../../../src/core/log.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { PortSharing, type ShareResult } from "../../../src/reuse/share_port.ts";
import { describeRefusal, type ShareRefusal } from "../../../src/reuse/share_refusal.ts";
import { ENOSYS, EPERM, FakeProc, type FakeProcess, type FakeSocket } from "./fake_proc.ts";

const LOCAL = { address: "192.168.1.2", port: 80 };
const LISTENER: FakeSocket = { table: "tcp", address: "0.0.0.0", port: 80, uid: 0, inode: 71 };
const MASTER: FakeProcess = { pid: 812, comm: "nginx", fds: { 6: 71 } };
const OWN_PID = 4;

function open(proc: FakeProc, warnings: unknown[] = []): PortSharing {
  const log = {
    ...silentLogger,
    warn: (text: string, fields?: LogFields) => void warnings.push([text, fields]),
  };
  return PortSharing.open({ log, files: proc, grip: proc, ownPid: OWN_PID, ownUid: 1000 });
}

async function share(proc: FakeProc, protocol: "tcp" | "udp" = "tcp"): Promise<ShareResult> {
  using _libc = holdLibc(); // words of errors
  await using sharing = open(proc);
  return await sharing.share(protocol, LOCAL);
}

async function reasonOf(proc: FakeProc, protocol: "tcp" | "udp" = "tcp"): Promise<ShareRefusal> {
  const result = await share(proc, protocol);
  assert.equal(result.kind, "refused");
  assert.deepEqual(proc.states.values().filter((state) => state.reusePort).toArray(), [], "left as it was");
  return result.kind === "refused" ? result.reason : { kind: "unsettled" };
}

Deno.test("PortSharing.share() names the service and whose our socket has to be", async () => {
  const proc = new FakeProc([{ ...MASTER, pid: 900 }, MASTER], [LISTENER]);
  assert.deepEqual(await share(proc), {
    ...{ kind: "shared", ownerUid: 0, holders: [{ pid: 812, comm: "nginx" }], way: "pidfd" },
    ...{ canRestart: false, orphanCount: 0, doubt: undefined },
  });
});

Deno.test("PortSharing.share() flags every worker's socket and the connections, and nothing of other ports", async () => {
  const proc = new FakeProc([
    { ...MASTER, fds: { 6: 71, 7: 72, 8: 75 } },
    { pid: 900, comm: "nginx", fds: { 3: 73 } },
  ], [
    LISTENER,
    { ...LISTENER, inode: 72 },
    { ...LISTENER, state: 1, uid: 33, inode: 73 },
    { ...LISTENER, address: "10.0.0.1", inode: 74 },
    { ...LISTENER, port: 81, inode: 75 },
    { ...LISTENER, state: 6, inode: 0 },
  ]);
  await using sharing = open(proc);
  const result = await sharing.share("tcp", LOCAL);
  assert.deepEqual(result.kind === "shared" && [result.ownerUid, result.orphanCount], [0, 1]);
  assert.deepEqual(proc.changed, [71, 72, 73]);
  assert.deepEqual(proc.stateOf(73), { reusePort: true, reuseAddress: true, isIpv6Only: false });
});

Deno.test("PortSharing.share() lets no other user onto a UDP port", async () => {
  const proc = new FakeProc([MASTER], [{ ...LISTENER, table: "udp", state: 7 }]);
  await using sharing = open(proc);
  await sharing.share("udp", LOCAL);
  assert.deepEqual(proc.stateOf(71), { reusePort: true, reuseAddress: false, isIpv6Only: false });
});

Deno.test("PortSharing.share() is of our own uid where the service is", async () => {
  const result = await share(new FakeProc([MASTER], [{ ...LISTENER, uid: 1000 }]));
  assert.equal(result.kind === "shared" ? result.ownerUid : "refused", undefined);
});

Deno.test("PortSharing.share() changes nothing where the service shares by itself", async () => {
  const proc = new FakeProc([MASTER], [LISTENER]);
  proc.states.set(71, { reusePort: true, reuseAddress: true, isIpv6Only: false });
  const result = await share(proc);
  assert.deepEqual([result.kind === "shared" && result.way, proc.changed], ["already", []]);
});

Deno.test("PortSharing.share() looks once more when the service is just changing", async () => {
  const proc = new FakeProc([MASTER], [LISTENER]);
  proc.onGrip = (): void => {
    proc.onGrip = (): void => {};
    proc.processes.splice(0, 1, { pid: 815, comm: "nginx", fds: { 3: 72 } });
    proc.sockets.splice(0, 1, { ...LISTENER, inode: 72 });
  };
  const result = await share(proc);
  assert.deepEqual(result.kind === "shared" && result.holders, [{ pid: 815, comm: "nginx" }]);
});

Deno.test("PortSharing.share() takes another process of the socket where one refuses", async () => {
  const proc = new FakeProc([
    { ...MASTER, copyError: { errno: EPERM, call: "pidfd_getfd" } },
    { pid: 900, comm: "nginx", fds: { 3: 71 } },
  ], [LISTENER]);
  assert.equal((await share(proc)).kind, "shared");
});

Deno.test("PortSharing.share() works once when asked twice at once", async () => {
  const proc = new FakeProc([MASTER], [LISTENER]);
  await using sharing = open(proc);
  await Promise.all([sharing.share("tcp", LOCAL), sharing.share("tcp", LOCAL)]);
  assert.equal(proc.gripped, 1);
});

const HIDDEN: FakeProcess = { ...MASTER, listError: "EACCES" };
const CAPS_NONE = "CapEff:\t0000000000000000\n";

interface RefusalCase {
  readonly what: string;
  readonly processes: readonly FakeProcess[];
  readonly sockets?: readonly FakeSocket[];
  readonly texts?: Readonly<Record<string, string>>;
  readonly reason: ShareRefusal;
}

const REFUSALS: readonly RefusalCase[] = [
  { what: "no row", processes: [MASTER], sockets: [], reason: { kind: "no-row" } },
  {
    what: "a hidden process, without any capability",
    ...{ processes: [HIDDEN], texts: { "/proc/self/status": CAPS_NONE } },
    reason: {
      ...{ kind: "owner-hidden", inode: 71, uid: 0 },
      missing: ["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"],
    },
  },
  {
    what: "a hidden process, without CAP_SYS_PTRACE",
    processes: [{ ...MASTER, linkError: "EACCES" }],
    texts: { "/proc/self/status": "CapEff:\t0000000000000002\n" },
    reason: { kind: "owner-hidden", inode: 71, uid: 0, missing: ["CAP_SYS_PTRACE"] },
  },
  {
    what: "a process outside of our pid namespace",
    ...{ processes: [], texts: { "/proc/self/ns/pid": "pid:[4026532201]" } },
    reason: { kind: "other-namespace", inode: 71, uid: 0 },
  },
  { what: "a socket of the kernel", processes: [], reason: { kind: "kernel-socket", inode: 71 } },
  {
    what: "a socket of the kernel without an inode",
    ...{ processes: [MASTER], sockets: [{ ...LISTENER, inode: 0 }] },
    reason: { kind: "kernel-socket", inode: 0 },
  },
  {
    what: "a kernel before 5.6",
    processes: [{ ...MASTER, copyError: { errno: ENOSYS, call: "pidfd_getfd" } }],
    texts: { "/proc/sys/kernel/osrelease": "5.4.0-26-generic\n" },
    reason: { kind: "kernel-too-old", release: "5.4.0-26-generic" },
  },
  {
    what: "seccomp that hides the call",
    processes: [{ ...MASTER, copyError: { errno: ENOSYS, call: "pidfd_getfd" } }],
    reason: { kind: "seccomp", call: "pidfd_getfd" },
  },
  {
    what: "seccomp that forbids the call",
    processes: [{ ...MASTER, copyError: { errno: EPERM, call: "pidfd_open" } }],
    reason: { kind: "seccomp", call: "pidfd_open" },
  },
  {
    what: "Yama",
    processes: [{ ...MASTER, copyError: { errno: EPERM, call: "pidfd_getfd" } }],
    texts: { "/proc/sys/kernel/yama/ptrace_scope": "2\n" },
    reason: { kind: "ptrace-refused", pid: 812, comm: "nginx", ptraceScope: 2 },
  },
  {
    what: "another security module",
    processes: [{ ...MASTER, copyError: { errno: EPERM, call: "pidfd_getfd" } }],
    reason: { kind: "ptrace-refused", pid: 812, comm: "nginx", ptraceScope: undefined },
  },
  {
    what: "closed connections only",
    ...{ processes: [], sockets: [{ ...LISTENER, state: 6, inode: 0 }, { ...LISTENER, state: 5, inode: 0 }] },
    reason: { kind: "time-wait", count: 2 },
  },
  {
    what: "listeners of two users",
    processes: [{ ...MASTER, fds: { 6: 71, 7: 72 } }],
    sockets: [LISTENER, { ...LISTENER, address: "192.168.1.2", uid: 33, inode: 72 }],
    reason: { kind: "mixed-uids", uids: [0, 33] },
  },
  {
    what: "ourselves",
    processes: [{ ...MASTER, pid: OWN_PID }],
    reason: { kind: "own-socket" },
  },
];

for (const { what, processes, sockets = [LISTENER], texts = {}, reason } of REFUSALS) {
  Deno.test(`PortSharing.share() says why when it meets ${what}, and leaves no change`, async () => {
    const proc = new FakeProc(processes, sockets);
    for (const [path, text] of Object.entries(texts)) proc.texts.set(path, text);
    assert.deepEqual(await reasonOf(proc), reason);
    assert.match(describeRefusal(reason), /^[a-zL0-9][^\n]+[^.\n]$/);
  });
}

Deno.test("PortSharing.share() undoes what it did when a later socket refuses", async () => {
  const proc = new FakeProc([
    MASTER,
    { pid: 900, fds: { 3: 72 }, copyError: { errno: EPERM, call: "pidfd_getfd" } },
  ], [LISTENER, { ...LISTENER, inode: 72 }]);
  assert.equal((await reasonOf(proc)).kind, "ptrace-refused");
  assert.deepEqual(proc.changed, [71, 71]);
});

Deno.test("PortSharing restores what it changed and what was accepted since, and nothing else", async () => {
  const proc = new FakeProc([MASTER], [LISTENER]);
  const sharing = open(proc);
  await sharing.share("tcp", LOCAL);
  const set = { reusePort: true, reuseAddress: true, isIpv6Only: false };
  for (const inode of [73, 74, 75]) proc.states.set(inode, set);
  proc.processes.splice(
    ...[0, 1] as const,
    { ...MASTER, fds: { 6: 71, 9: 73 } }, // accepted from the listener
    { pid: 990, fds: { 3: 74, 4: 75 } }, // another service, which came later
  );
  proc.sockets.push(
    { ...LISTENER, state: 1, inode: 73 },
    { ...LISTENER, address: "127.0.0.1", inode: 74 },
    { ...LISTENER, state: 1, inode: 75 },
  );
  await sharing[Symbol.asyncDispose]();
  const shared = [71, 73, 74, 75].map((inode) => proc.stateOf(inode).reusePort);
  assert.deepEqual(shared, [false, false, true, true]);
});

Deno.test("PortSharing restores what the kernel's table left out", async () => {
  const proc = new FakeProc([MASTER], [LISTENER, LISTENER]); // and wrote twice before
  const sharing = open(proc);
  await sharing.share("tcp", LOCAL);
  assert.equal(proc.gripped, 1);
  proc.sockets.length = 0;
  await sharing[Symbol.asyncDispose]();
  assert.ok(!proc.stateOf(71).reusePort);
});

Deno.test("PortSharing leaves alone what the service changed since", async () => {
  const proc = new FakeProc([MASTER], [LISTENER]);
  const sharing = open(proc);
  await sharing.share("tcp", LOCAL);
  const own = { reusePort: true, reuseAddress: false, isIpv6Only: false };
  proc.states.set(71, own);
  await sharing[Symbol.asyncDispose]();
  assert.deepEqual(proc.stateOf(71), own);
});

Deno.test("PortSharing tells what it could not restore, and forgets what has ended", async () => {
  using _libc = holdLibc();
  const warnings: unknown[] = [];
  const proc = new FakeProc([MASTER], [LISTENER]);
  const sharing = open(proc, warnings);
  await sharing.share("tcp", LOCAL);
  proc.processes.splice(0, 1, { ...MASTER, copyError: { errno: EPERM, call: "pidfd_getfd" } });
  await sharing[Symbol.asyncDispose]();
  assert.deepEqual(warnings, [["Some sockets of a service stay shareable", { sockets: 1 }]]);
  const ended = open(proc, warnings);
  proc.processes.splice(0, 1, MASTER);
  await ended.share("tcp", LOCAL);
  proc.processes.length = 0;
  await ended[Symbol.asyncDispose]();
  assert.equal(warnings.length, 1);
  await assert.rejects(ended.share("tcp", LOCAL), TypeError);
});

Deno.test("PortSharing.ownerUid() is the other user whom the port belongs to", async () => {
  const cases: readonly (readonly [readonly FakeSocket[], number | undefined])[] = [
    [[LISTENER, { ...LISTENER, state: 1, uid: 33, inode: 72 }], 0],
    [[{ ...LISTENER, uid: 1000 }], undefined],
    [[LISTENER, { ...LISTENER, uid: 33, inode: 72 }], undefined],
    [[{ ...LISTENER, table: "tcp6", address: "::", uid: 33 }], 33],
    [[], undefined],
  ];
  for (const [sockets, uid] of cases) {
    assert.equal(await open(new FakeProc([], sockets)).ownerUid("tcp", LOCAL), uid);
  }
});
