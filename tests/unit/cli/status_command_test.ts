import assert from "node:assert/strict";
import type { StatusArgs } from "../../../src/cli/command_args.ts";
import { runStatus } from "../../../src/cli/status.ts";
import type { Clock } from "../../../src/core/clock.ts";
import type { MappingEvent } from "../../../src/core/mapping.ts";
import { settle } from "../../fakes/fake_clock.ts";
import { mapping, NOW, service, tunnel } from "../status/status_rig.ts";
import { Daemon, Terminal } from "./status_rig.ts";

function args(socket: string | undefined, more: Partial<StatusArgs> = {}): StatusArgs {
  return {
    ...{ command: "status", json: false, logLevel: undefined, quiet: false, lang: undefined, watch: false },
    socket,
    ...more,
  };
}

const lost: MappingEvent = { event: "lost", name: "ssh", protocol: "tcp", at: NOW, reason: "x" };

Deno.test("runStatus() shows a table, or one snapshot as JSON", async () => {
  await using daemon = await Daemon.open();
  const table = new Terminal();
  assert.equal(await runStatus(args(daemon.path), table.session), 0);
  assert.match(await table.text(), /\nssh +tcp +mapped 0s +192\.168\.1\.2:3456 +203\.0\.113\.10:14500\n$/);
  const json = new Terminal({ isJson: true });
  assert.equal(await runStatus(args(daemon.path), json.session), 0);
  assert.equal(await json.text(), `${JSON.stringify(daemon.control.current)}\n`);
});

Deno.test("runStatus() finds the daemon by the environment", async () => {
  await using daemon = await Daemon.open();
  const terminal = new Terminal({ env: { PORTHOLE_SOCKET: daemon.path } });
  assert.equal(await runStatus(args(undefined), terminal.session), 0);
});

Deno.test("runStatus() ends with 3 and one line when there is no daemon", async () => {
  for (const options of [{}, { isJson: true }, { width: 80 }]) {
    const terminal = new Terminal(options);
    assert.equal(await runStatus(args("/nonexistent/s", { watch: "width" in options }), terminal.session), 3);
    assert.equal(await terminal.text(), "");
    assert.deepEqual(terminal.log.lines, [
      'error No daemon is running (looked at /nonexistent/s); start one with "porthole run"',
    ]);
  }
});

Deno.test("runStatus() throws when the daemon makes no sense", async () => {
  await using daemon = await Daemon.open();
  daemon.control.snapshot = (): never => {
    throw new Error("broken");
  };
  await assert.rejects(runStatus(args(daemon.path), new Terminal().session), {
    code: "status_request",
    message: "Cannot ask the daemon: broken",
  });
});

/** Pauses are over at once; limits, which are longer, never are: sockets take the time they take. */
const hasty: Clock = {
  now: () => 0,
  date: () => NOW,
  schedule(delayMs, callback): Disposable {
    let isWanted = delayMs < 10_000;
    void settle().then(() => isWanted && callback());
    return {
      [Symbol.dispose]: (): void => {
        isWanted = false;
      },
    };
  },
};

interface Watching {
  readonly daemon: Daemon;
  readonly terminal: Terminal;
  readonly ended: Promise<number>;
}

async function watch(options: { readonly isJson?: boolean; readonly width?: number }): Promise<Watching> {
  const daemon = await Daemon.open();
  const terminal = new Terminal(options);
  const ended = runStatus(args(daemon.path, { watch: true }), terminal.session, { clock: hasty });
  while (daemon.control.readers === 0 || terminal.stdout === "") await settle();
  return { daemon, terminal, ended };
}

Deno.test("runStatus() with --watch shows a line of JSON with every change, until the daemon ends", async () => {
  const { daemon, terminal, ended } = await watch({ isJson: true });
  await using _daemon = daemon;
  const first = daemon.control.current;
  const next = service([tunnel({ state: "lost", reason: "x" })]);
  daemon.control.current = next;
  daemon.control.emit(lost);
  await terminal.until((text) => text.split("\n").length > 2);
  assert.deepEqual(terminal.stdout.trimEnd().split("\n").map((line) => JSON.parse(line)), [first, next]);
  await daemon.end();
  assert.equal(await ended, 3);
  assert.deepEqual(terminal.log.lines, ["error The daemon ended"]);
});

Deno.test("runStatus() with --watch shows nothing again that did not change, and what changed without an event", async () => {
  const { daemon, terminal, ended } = await watch({});
  await using _daemon = daemon;
  let asked = 0;
  const current = daemon.control.current;
  daemon.control.snapshot = () => {
    asked++;
    return daemon.control.current;
  };
  daemon.control.emit({ ...lost, event: "mapped", ...mapping() });
  while (asked < 5) await settle();
  assert.equal(terminal.stdout.match(/porthole 0\.1\.0/g)?.length, 1);
  daemon.control.current = { ...current, configFault: "line 3" };
  await terminal.until((text) => text.includes("line 3"));
  assert.match(terminal.stdout, /14500\n\nporthole 0\.1\.0/);
  terminal.stop.abort(new Error("SIGINT"));
  assert.equal(await ended, 0);
});

Deno.test("runStatus() with --watch draws in place on a terminal, ages included", async () => {
  const { daemon, terminal, ended } = await watch({ width: 100 });
  await using _daemon = daemon;
  await terminal.until((text) => text.split("\x1b[2J\x1b[H").length > 3);
  terminal.stop.abort(new Error("SIGINT"));
  assert.equal(await ended, 0);
  assert.ok(terminal.stdout.startsWith("\x1b[2J\x1b[Hporthole 0.1.0"));
});
