import assert from "node:assert/strict";
import {
  bindUnixSocket,
  type Descriptor,
  ERRNO,
  holdLibc,
  monotonicMicroseconds,
  openUnixDatagramSocket,
  receiveBytes,
  received,
} from "../../../ffi/mod.ts";
import { type Logger, silentLogger } from "../../../src/core/log.ts";
import { openServiceManager } from "../../../src/net/service_manager.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { withFdCheck } from "../../leak.ts";

const PID = 4242;

interface Bench {
  readonly name: string;
  readonly clock: FakeClock;
  readonly debug: readonly string[];
  /** What has arrived since the last call. */
  taken(): readonly string[];
  open(env?: Readonly<Record<string, string>>): ReturnType<typeof openServiceManager>;
}

function managerTest(name: string, test: (bench: Bench) => void | Promise<void>, isAbstract = false): void {
  Deno.test(name, () =>
    withFdCheck(async () => {
      using _libc = holdLibc();
      const folder = Deno.makeTempDirSync();
      try {
        const socketName = isAbstract ? `@porthole-test-${crypto.randomUUID()}` : `${folder}/notify`;
        using receiver = openUnixDatagramSocket();
        bindUnixSocket(receiver, socketName);
        await test(benchOf(socketName, receiver));
      } finally {
        Deno.removeSync(folder, { recursive: true });
      }
    }));
}

function benchOf(name: string, receiver: Descriptor): Bench {
  const clock = new FakeClock();
  const debug: string[] = [];
  const log: Logger = {
    ...silentLogger,
    debug: (message, fields) => void debug.push(`${message}: ${fields?.["reason"]}`),
  };
  return {
    ...{ name, clock, debug },
    taken(): readonly string[] {
      const texts: string[] = [];
      for (let count = receiveBytes(receiver); count !== -ERRNO.EAGAIN; count = receiveBytes(receiver)) {
        assert.ok(count >= 0);
        texts.push(new TextDecoder().decode(received(count)));
      }
      return texts;
    },
    open(env = {}): ReturnType<typeof openServiceManager> {
      const all: Readonly<Record<string, string>> = { NOTIFY_SOCKET: name, ...env };
      return openServiceManager({ readEnv: (key) => all[key], clock, log, pid: PID });
    },
  };
}

for (const isAbstract of [false, true]) {
  const where = isAbstract ? "an abstract name" : "a path";
  managerTest(
    `openServiceManager() tells each state to ${where}`,
    ({ open, taken }) => {
      using manager = open();
      assert.ok(manager);
      manager.ready();
      manager.status("3 tunnels\nREADY=0");
      manager.status("3 tunnels\nREADY=0");
      manager.watchdog();
      manager.stopping();
      assert.deepEqual(taken(), ["READY=1", "STATUS=3 tunnels READY=0", "WATCHDOG=1", "STOPPING=1"]);
    },
    isAbstract,
  );
}

managerTest(
  "ServiceManager.reloading() says since when, by the kernel's monotonic clock",
  ({ open, taken }) => {
    using manager = open();
    const before = monotonicMicroseconds();
    manager?.reloading();
    const [text = ""] = taken();
    const match = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(text);
    const usec = BigInt(match?.[1] ?? 0);
    assert.ok(usec >= before && usec <= monotonicMicroseconds(), text);
  },
);

Deno.test("openServiceManager() gives none when there is no service manager, or one it cannot reach", () => {
  const clock = new FakeClock();
  for (const name of [undefined, "", "relative", "vsock:2:1234", "@", `/${"x".repeat(200)}`]) {
    const readEnv = (key: string): string | undefined => key === "NOTIFY_SOCKET" ? name : undefined;
    assert.equal(openServiceManager({ readEnv, clock, log: silentLogger }), undefined);
  }
});

managerTest(
  "ServiceManager drops what cannot be told, with one debug line",
  ({ name, open, debug, taken }) => {
    using gone = open({ NOTIFY_SOCKET: `${name}-gone` });
    gone?.ready();
    assert.deepEqual(debug, ["Cannot tell the service manager: ENOENT"]);
    const closed = open();
    closed?.[Symbol.dispose]();
    closed?.ready();
    closed?.[Symbol.dispose]();
    assert.deepEqual(taken(), []);
  },
);

managerTest("ServiceManager.watchdogIntervalMs is half of the time, if it is meant for us", ({ open }) => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, number | undefined])[] = [
    [{}, undefined],
    [{ WATCHDOG_USEC: "30000000" }, 15_000],
    [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: `${PID}` }, 15_000],
    [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: `${PID + 1}` }, undefined],
    [{ WATCHDOG_USEC: "0" }, undefined],
    [{ WATCHDOG_USEC: "-5" }, undefined],
    [{ WATCHDOG_USEC: "x" }, undefined],
    [{ WATCHDOG_USEC: "1" }, 1],
    [{ WATCHDOG_USEC: "9999999999999999" }, 2 ** 31 - 1],
  ];
  for (const [env, want] of cases) {
    using manager = open(env);
    assert.equal(manager?.watchdogIntervalMs, want, JSON.stringify(env));
  }
});

managerTest("ServiceManager.startWatchdog() beats while all is well, until it is disposed", async (bench) => {
  const { open, clock, taken } = bench;
  const manager = open({ WATCHDOG_USEC: "2000000" });
  let isWell = true;
  const beating = manager?.startWatchdog(() => isWell);
  await clock.advance(2999);
  assert.equal(taken().length, 3);
  isWell = false;
  await clock.advance(5000);
  assert.equal(taken().length, 0);
  isWell = true;
  await clock.advance(1000);
  assert.deepEqual(taken(), ["WATCHDOG=1"]);
  beating?.[Symbol.dispose]();
  assert.equal(clock.pendingTimers, 0);
  manager?.startWatchdog();
  assert.equal(clock.pendingTimers, 1);
  manager?.[Symbol.dispose]();
  assert.equal(clock.pendingTimers, 0);
  manager?.startWatchdog();
  assert.equal(clock.pendingTimers, 0);
});

managerTest("ServiceManager.startWatchdog() does nothing when nobody watches", ({ open, clock, taken }) => {
  using manager = open();
  using _beating = manager?.startWatchdog();
  assert.deepEqual([clock.pendingTimers, taken()], [0, []]);
});
