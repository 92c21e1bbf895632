import assert from "node:assert/strict";
import { errorCode } from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { holdLibc, SystemError } from "../../../ffi/mod.ts";
import type { PortNews } from "../../../src/reuse/port_news.ts";
import { PortOpener, type SocketWish } from "../../../src/reuse/port_opener.ts";
import { PortSharing } from "../../../src/reuse/share_port.ts";
import { PortShareError } from "../../../src/reuse/share_refusal.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";
import { EPERM, FakeProc, type FakeProcess, type FakeSocket } from "./fake_proc.ts";

const LOCAL = { address: "192.168.1.2", port: 80 };
const LISTENER: FakeSocket = { table: "tcp", address: "0.0.0.0", port: 80, uid: 33, inode: 71 };
const NGINX: FakeProcess = { pid: 812, comm: "nginx", fds: { 6: 71 } };
const EADDRINUSE = 98;
/** All looks without a wait that is worth telling. */
const QUICKLY_MS = 930;

/** A kernel that binds as a test says: `undefined` lets it, a number is the errno. */
class World {
  readonly clock = new FakeClock();
  readonly news: PortNews[] = [];
  readonly proc: FakeProc;
  readonly sharing: PortSharing;
  readonly opener: PortOpener;
  readonly stop = new AbortController();
  /** Whose sockets were tried. */
  readonly uids: (number | undefined)[] = [];
  /** What binding says, given the uid. */
  bind: (uid: number | undefined) => readonly [number, string] | undefined = () => undefined;

  constructor(processes: readonly FakeProcess[] = [NGINX], sockets: readonly FakeSocket[] = [LISTENER]) {
    const log = silentLogger;
    this.proc = new FakeProc(processes, sockets);
    this.sharing = PortSharing.open({ log, files: this.proc, grip: this.proc, ownPid: 4, ownUid: 1000 });
    this.opener = new PortOpener({
      ...{ clock: this.clock, log, sharing: this.sharing, signal: this.stop.signal },
      onWay: (way) => this.news.push(way),
    });
  }

  /** The kernel's own rule: same user, and both shareable. */
  asKernel(): void {
    this.bind = (uid) => {
      const isShared = this.proc.stateOf(71).reusePort && uid === 33;
      return isShared ? undefined : [EADDRINUSE, "bind"];
    };
  }

  /** Time passes, and what it starts is finished. */
  async pass(forMs: number): Promise<void> {
    await settleAll();
    for (let left = forMs; left > 0; left -= 10) {
      await this.clock.advance(10);
      if (this.clock.pendingTimers === 0) await settleAll();
    }
  }

  open(changes: Partial<SocketWish<string>> = {}): Promise<string> {
    return this.opener.open({
      ...{ protocol: "tcp", local: LOCAL },
      // deno-lint-ignore require-await
      open: async ({ ownerUid }) => {
        this.uids.push(ownerUid);
        const [errno, call] = this.bind(ownerUid) ?? [];
        if (errno !== undefined) throw new SystemError(errno, call ?? "bind", "bind 192.168.1.2:80");
        return "bound";
      },
      ...changes,
    });
  }
}

function openerTest(name: string, run: () => Promise<void>): void {
  Deno.test(`PortOpener.open() ${name}`, async () => {
    using _libc = holdLibc();
    await run();
  });
}

async function reasonOf(opening: Promise<unknown>): Promise<PortShareError["reason"]> {
  try {
    await opening;
  } catch (error) {
    assert.equal(errorCode(error), "EADDRINUSE");
    assert.ok(error instanceof SystemError && error.cause instanceof PortShareError);
    assert.equal(errorCode(error.cause), "port_share");
    return error.cause.reason;
  }
  throw new Error("It was opened");
}

openerTest("asks nobody when the port is free, and says so once", async () => {
  const world = new World([], [{ ...LISTENER, address: "127.0.0.1" }]);
  assert.equal(await world.open(), "bound");
  await world.open();
  assert.deepEqual(world.news, [{ kind: "nothing-there", elsewhere: [{ address: "127.0.0.1", port: 80 }] }]);
  assert.deepEqual([world.uids, world.proc.gripped], [[undefined, undefined], 0]);
});

openerTest("makes the port shareable once and remembers whose socket it takes", async () => {
  const world = new World();
  world.asKernel();
  await world.open();
  await world.open();
  assert.deepEqual(world.uids, [undefined, 33, 33, 33]);
  assert.deepEqual(world.news, [
    { kind: "made-shareable", holders: [{ pid: 812, comm: "nginx" }], canRestart: false },
  ]);
});

openerTest("touches nothing when a socket of the service's user is enough", async () => {
  const world = new World();
  world.proc.states.set(71, { reusePort: true, reuseAddress: false, isIpv6Only: false });
  world.asKernel();
  await world.open();
  assert.deepEqual([world.uids, world.proc.gripped], [[undefined, 33], 0]);
  assert.deepEqual(world.news, [{ kind: "shares", holders: [{ pid: 812, comm: "nginx" }] }]);
});

openerTest("tells what was done for an earlier tunnel on the port", async () => {
  const world = new World();
  world.asKernel();
  await world.sharing.share("tcp", LOCAL);
  await world.open();
  assert.deepEqual(world.news.map(({ kind }) => kind), ["made-shareable"]);
});

openerTest("takes a spare socket before it touches a service", async () => {
  const world = new World();
  world.asKernel();
  assert.equal(await world.open({ openSpare: () => Promise.resolve("spare") }), "spare");
  assert.deepEqual([world.news, world.proc.gripped], [[{ kind: "spare-sockets" }], 0]);
  const openSpare = (): Promise<string> => Promise.reject(new SystemError(EADDRINUSE, "bind"));
  assert.equal(await world.open({ openSpare }), "bound");
});

openerTest("passes on what has nothing to do with the port, and forgets no user for it", async () => {
  const world = new World();
  world.asKernel();
  const refused = new Error("nobody listens there");
  let tries = 0;
  await assert.rejects(
    world.open({
      open({ ownerUid }): Promise<string> {
        tries++;
        const [errno] = world.bind(ownerUid) ?? [];
        return Promise.reject(errno === undefined ? refused : new SystemError(errno, "bind"));
      },
    }),
    (error) => error === refused && refused.cause === undefined,
  );
  assert.equal(tries, 3);
  await world.open();
  assert.deepEqual(world.uids, [33]);
});

openerTest("says which right is missing when the socket may not be given away", async () => {
  for (const [errno, kind] of [[EPERM, "uid"], [22, "unmapped-uid"]] as const) {
    const world = new World();
    world.bind = (uid) => uid === undefined ? [EADDRINUSE, "bind"] : [errno, "fchown"];
    assert.deepEqual(await reasonOf(world.open()), { kind, uid: 33 });
    assert.equal(world.proc.gripped, 0);
  }
  const hidden = new World([{ ...NGINX, listError: "EACCES" }]);
  hidden.bind = (uid) => uid === undefined ? [EADDRINUSE, "bind"] : [EPERM, "fchown"];
  assert.equal((await reasonOf(hidden.open())).kind, "owner-hidden");
});

openerTest("gives everything back when the kernel refuses all the same", async () => {
  const world = new World();
  world.bind = () => [EADDRINUSE, "bind"];
  const refused = reasonOf(world.open());
  await world.pass(QUICKLY_MS);
  assert.deepEqual(await refused, { kind: "still-in-use" });
  assert.deepEqual(world.proc.changed, [71, 71]);
  assert.ok(!world.proc.stateOf(71).reusePort);
});

openerTest("does not look again at once after a refusal, and tells it once", async () => {
  const world = new World([]);
  world.bind = () => [EADDRINUSE, "bind"];
  assert.equal((await reasonOf(world.open())).kind, "kernel-socket");
  const tried = world.uids.length;
  assert.equal((await reasonOf(world.open())).kind, "kernel-socket");
  assert.equal(world.uids.length, tried + 1);
  await world.clock.advance(2_000);
  world.proc.processes.push(NGINX);
  world.asKernel();
  assert.equal(await world.open(), "bound");
  assert.deepEqual(world.news.map(({ kind }) => kind), ["refused", "made-shareable"]);
});

openerTest("waits for closed connections no longer than a minute, and says so once", async () => {
  const closed = { ...LISTENER, state: 6, inode: 0 };
  const world = new World([NGINX], [LISTENER, closed, closed]);
  world.bind = () => [EADDRINUSE, "bind"];
  const refused = reasonOf(world.open());
  await world.pass(QUICKLY_MS);
  assert.deepEqual(world.news.map(({ kind }) => kind), ["waiting"]);
  await world.pass(58_000);
  assert.equal(world.clock.pendingTimers, 1, "still at it");
  await world.pass(2_000);
  assert.deepEqual(await refused, { kind: "time-wait", count: 2 });
  assert.deepEqual(world.news.map(({ kind }) => kind), ["waiting", "refused"]);
  assert.ok(!world.proc.stateOf(71).reusePort);
});

openerTest("goes on when the closed connections have gone", async () => {
  const world = new World([NGINX], [LISTENER, { ...LISTENER, state: 6, inode: 0 }]);
  world.bind = () => [EADDRINUSE, "bind"];
  const opening = world.open();
  await world.pass(QUICKLY_MS);
  world.asKernel();
  await world.pass(2_000);
  assert.equal(await opening, "bound");
  assert.deepEqual(world.news.map(({ kind }) => kind), ["waiting", "made-shareable"]);
});

openerTest(
  "looks again at once for connections that were accepted meanwhile, and waits for none",
  async () => {
    const world = new World();
    let isAccepted = false;
    world.bind = (uid) => {
      if (!isAccepted && uid === 33 && world.proc.stateOf(71).reusePort) {
        isAccepted = true;
        world.proc.sockets.push({ ...LISTENER, state: 1, inode: 72 });
        world.proc.processes.push({ pid: 900, fds: { 4: 72 } });
      }
      return world.proc.stateOf(72).reusePort ? undefined : [EADDRINUSE, "bind"];
    };
    const opening = world.open();
    await world.pass(10);
    assert.equal(await opening, "bound");
    assert.deepEqual(world.news.map(({ kind }) => kind), ["made-shareable"]);
  },
);

openerTest("ends waiting when either signal is aborted", async () => {
  for (const which of ["own", "wider"] as const) {
    const world = new World([NGINX], [LISTENER, { ...LISTENER, state: 6, inode: 0 }]);
    world.bind = () => [EADDRINUSE, "bind"];
    const own = new AbortController();
    const reason = new Error("enough");
    const refused = assert.rejects(world.open({ signal: own.signal }), (error) => error === reason);
    await settleAll();
    (which === "own" ? own : world.stop).abort(reason);
    await refused;
    assert.equal(world.clock.pendingTimers, 0);
  }
});

openerTest("is the kernel's error when /proc cannot be read", async () => {
  const world = new World();
  world.bind = () => [EADDRINUSE, "bind"];
  const broken = new Error("no /proc here");
  world.proc.readText = (): Promise<string> => Promise.reject(broken);
  await assert.rejects(world.open(), (error: Error) => {
    return errorCode(error) === "EADDRINUSE" && error.cause === broken;
  });
});

/** Looking through /proc takes several turns. */
async function settleAll(): Promise<void> {
  for (let i = 0; i < 20; i++) await settle();
}
