import assert from "node:assert/strict";
import type { HealthArgs } from "../../../src/cli/command_args.ts";
import { runHealth } from "../../../src/cli/health.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { after, service, tunnel } from "../status/status_rig.ts";
import { Daemon, Terminal } from "./status_rig.ts";

function args(socket: string, more: Partial<HealthArgs> = {}): HealthArgs {
  return {
    ...{ command: "health", json: false, logLevel: undefined, quiet: false, lang: undefined },
    ...{ tunnel: undefined, maxAgeMs: undefined, verify: false, ping: undefined },
    socket,
    ...more,
  };
}

/** What it printed and how it ended. */
async function health(
  socket: string,
  more: Partial<HealthArgs> = {},
  options: ConstructorParameters<typeof Terminal>[0] = {},
): Promise<readonly unknown[]> {
  const terminal = new Terminal(options);
  const code = await runHealth(args(socket, more), terminal.session);
  assert.deepEqual(terminal.log.lines, []);
  return [code, ...(await terminal.text()).split("\n").slice(0, -1)];
}

const mixed = service([
  tunnel(),
  tunnel({ name: "web", state: "lost", reason: "no answer\x1b[2J" }),
  tunnel({ name: "dns", protocol: "udp", confirmedAt: after(-200).toISOString() }),
]);

Deno.test("runHealth() prints a line for each unhealthy tunnel and one for all", async () => {
  await using daemon = await Daemon.open();
  assert.deepEqual(await health(daemon.path), [0, "healthy: 1 tunnel(s)"]);
  daemon.control.current = mixed;
  assert.deepEqual(await health(daemon.path), [
    1,
    "web (tcp): lost: no answer?[2J",
    "dns (udp): last confirmed 3m ago",
    "unhealthy: 2 of 3 tunnel(s)",
  ]);
  assert.deepEqual(await health(daemon.path, { tunnel: "ssh" }), [0, "healthy: 1 tunnel(s)"]);
  assert.deepEqual(await health(daemon.path, { tunnel: "dns", maxAgeMs: 300_000 }), [
    0,
    "healthy: 1 tunnel(s)",
  ]);
  assert.deepEqual(await health(daemon.path, { tunnel: "none" }), [
    1,
    "none: there is no tunnel of this name",
    "unhealthy: 1 of 1 tunnel(s)",
  ]);
  assert.deepEqual(await health(daemon.path, { tunnel: "web" }, { lang: "zh-CN" }), [
    1,
    "web (tcp): 状态为已失效：no answer?[2J",
    "异常：1 / 1 条隧道",
  ]);
  daemon.control.current = service([]);
  assert.deepEqual(await health(daemon.path), [0, "healthy: 0 tunnel(s)"]);
});

Deno.test("runHealth() is silent with --quiet, and prints one object with --json", async () => {
  await using daemon = await Daemon.open();
  daemon.control.current = mixed;
  assert.deepEqual(await health(daemon.path, { quiet: true }), [1]);
  assert.deepEqual(await health("/nonexistent/s", { quiet: true }), [3]);
  const [code, line] = await health(daemon.path, {}, { isJson: true });
  const json = JSON.parse(`${line}`);
  assert.deepEqual([code, json.healthy, json.daemon, json.tunnels.length, json.tunnels[1].problem], [
    ...[1, false, true, 3],
    "not-mapped",
  ]);
  const [none, gone] = await health("/nonexistent/s", {}, { isJson: true });
  assert.deepEqual([none, JSON.parse(`${gone}`).daemon], [3, false]);
});

Deno.test("runHealth() ends with 3 and one line when there is no daemon", async () => {
  assert.deepEqual(await health("/nonexistent/s"), [
    3,
    'No daemon is running (looked at /nonexistent/s); start one with "porthole run"',
  ]);
});

Deno.test("runHealth() ends with 1 when the daemon makes no sense", async () => {
  await using daemon = await Daemon.open();
  daemon.control.snapshot = (): never => {
    throw new Error("broken");
  };
  assert.deepEqual(await health(daemon.path), [1, "unhealthy: Cannot ask the daemon: broken"]);
});

Deno.test("runHealth() makes the daemon look up with --verify, only what is asked for", async () => {
  await using daemon = await Daemon.open();
  assert.equal((await health(daemon.path, { verify: true }))[0], 0);
  assert.equal((await health(daemon.path, { verify: true, tunnel: "ssh" }))[0], 0);
  assert.equal(
    (await health(daemon.path, { verify: true, tunnel: "none" }))[1],
    "none: there is no tunnel of this name",
  );
  assert.deepEqual(daemon.control.verified, [undefined, "ssh", "none"]);
});

interface Seen {
  readonly url: string;
  readonly method: string;
}

/** A switch that answers with these statuses in turn, the last one for ever; "cut" hangs up. */
function openSwitch(
  ...answers: readonly number[]
): AsyncDisposable & { readonly url: string; readonly seen: Seen[] } {
  const seen: Seen[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    seen.push({ url: request.url.replace(/^http:\/\/[^/]+/, ""), method: request.method });
    return new Response("thanks", { status: answers[Math.min(seen.length, answers.length) - 1] ?? 200 });
  });
  const close = (): Promise<void> => server.shutdown();
  return { url: `http://127.0.0.1:${server.addr.port}`, seen, [Symbol.asyncDispose]: close };
}

Deno.test("runHealth() tells a dead-man's switch: URL if healthy, /fail with the query kept if not or without a daemon", async () => {
  await using daemon = await Daemon.open();
  await using deadMan = openSwitch(200);
  const ping = `${deadMan.url}/ab12/?rid=7`;
  assert.equal((await health(daemon.path, { ping }))[0], 0);
  daemon.control.current = mixed;
  assert.equal((await health(daemon.path, { ping }))[0], 1);
  assert.equal((await health("/nonexistent/s", { ping, quiet: true }))[0], 3);
  assert.deepEqual(deadMan.seen, [
    { url: "/ab12/?rid=7", method: "GET" },
    { url: "/ab12/fail?rid=7", method: "GET" },
    { url: "/ab12/fail?rid=7", method: "GET" },
  ]);
});

Deno.test("runHealth() says on stderr that the switch cannot be told, without its key, and ends as without", async () => {
  await using daemon = await Daemon.open();
  const key = "k3y-7f9a-secret";
  const failures: readonly (readonly [typeof fetch, string])[] = [
    [
      (input) => Promise.reject(new TypeError(`error sending request for url (${input}): refused`)),
      "refused",
    ],
    [
      (input) =>
        Promise.reject(new TypeError(`redirected to https://b.example/x/${key}?u=${key} (${input})`)),
      "…",
    ],
    [() => Promise.resolve(new Response("no", { status: 404 })), "HTTP status 404"],
  ];
  for (const [fetch, part] of failures) {
    let tries = 0;
    const counting: typeof fetch = (input, init) => {
      tries++;
      return fetch(input, init);
    };
    const terminal = new Terminal();
    const ping = `https://user:pa55word@ping.example/x/${key}?token=${key}`;
    const clock = { now: () => 0, date: () => new Date(0), schedule: runAtOnceIf((ms) => ms === 1_000) };
    const code = await runHealth(args(daemon.path, { ping }), terminal.session, { fetch: counting, clock });
    assert.deepEqual([code, tries], [0, 3]);
    const [line = "", ...more] = terminal.log.lines;
    assert.ok(line.startsWith("warn Cannot ping https://ping.example/…: ") && line.includes(part), line);
    assert.ok(!line.includes(key) && !line.includes("pa55word"), line);
    assert.deepEqual(more, []);
  }
});

/** Timers that are due at once, or never. */
function runAtOnceIf(
  isDue: (delayMs: number) => boolean,
): (delayMs: number, callback: () => void) => Disposable {
  return (delayMs, callback) => {
    if (isDue(delayMs)) queueMicrotask(callback);
    return { [Symbol.dispose]: (): void => {} };
  };
}

Deno.test("runHealth() tries the switch again, and gives up a try after 10 s", async () => {
  await using daemon = await Daemon.open();
  await using deadMan = openSwitch(500, 200);
  const terminal = new Terminal();
  const clock = { now: () => 0, date: () => new Date(0), schedule: runAtOnceIf((ms) => ms === 1_000) };
  await runHealth(args(daemon.path, { ping: deadMan.url }), terminal.session, { clock });
  assert.deepEqual([deadMan.seen.length, terminal.log.lines], [2, []]);
  const hanging: typeof fetch = (_input, init) =>
    new Promise((_, reject) => {
      const { signal } = init ?? {};
      if (signal?.aborted) reject(signal.reason);
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  let limits = 0;
  const hasty = {
    ...clock,
    // The socket's own limit is 10 s as well, and the first one to be set.
    schedule: runAtOnceIf((ms) => ms === 1_000 || (ms === 10_000 && limits++ > 0)),
  };
  await runHealth(args(daemon.path, { ping: deadMan.url }), terminal.session, {
    clock: hasty,
    fetch: hanging,
  });
  assert.match(terminal.log.lines[0] ?? "", /10000 ms are over/);
});

Deno.test("runHealth() refuses ping URLs that are none, before it does anything, without showing their keys", async () => {
  for (
    const ping of [
      "ftp://a.example/k3y-secret",
      "htps//a.example/k3y-secret",
      "k3y-secret-k3y",
      "javascript:alert(1)",
      "",
    ]
  ) {
    await assert.rejects(
      runHealth(args("/nonexistent/s", { ping }), new Terminal().session),
      (error) => error instanceof UsageError && !error.message.includes("secret"),
      ping,
    );
  }
});
