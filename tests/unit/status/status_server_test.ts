import assert from "node:assert/strict";
import type { MappingEvent } from "../../../src/core/mapping.ts";
import { Secret } from "../../../src/core/secret.ts";
import { openStatusServer, type StatusServer } from "../../../src/status/open_status_server.ts";
import { fetchSnapshot, followEvents, requestVerify } from "../../../src/status/status_client.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";
import { FakeControl, LogBook, mapping, NOW, service } from "./status_rig.ts";

const mapped: MappingEvent = { event: "mapped", name: "ssh", protocol: "tcp", at: NOW, ...mapping() };

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ph" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function open(control: FakeControl, socketPath: string): Promise<StatusServer> {
  return openStatusServer({ control, socketPath, lang: "en", log: new LogBook() });
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** A socket file that nobody listens on, as a daemon that was killed leaves it. */
async function leaveSocket(path: string): Promise<void> {
  const listener = Deno.listen({ transport: "unix", path: `${path}.x` });
  await Deno.rename(`${path}.x`, path);
  listener.close();
}

Deno.test("openStatusServer() answers on a socket for this user only, in a folder it makes, and removes it", async () => {
  await inFolder(async (folder) => {
    const control = new FakeControl();
    const path = `${folder}/run/porthole.sock`;
    const umask = Deno.umask();
    {
      await using server = await open(control, path);
      assert.deepEqual([server.socketPath, server.listen], [path, undefined]);
      assert.equal(((await Deno.lstat(path)).mode ?? 0) & 0o777, 0o600);
      assert.equal(((await Deno.stat(`${folder}/run`)).mode ?? 0) & 0o777, 0o700);
      assert.equal(Deno.umask(), umask);
      assert.deepEqual(await fetchSnapshot(path), control.current);
      assert.deepEqual(await requestVerify(path), control.current);
      assert.deepEqual(await requestVerify(path, { name: "ssh" }), control.current);
      assert.deepEqual(control.verified, [undefined, "ssh"]);
    }
    assert.ok(!await exists(path));
    await assert.rejects(fetchSnapshot(path), { code: "no_daemon", paths: [path] });
  });
});

Deno.test("openStatusServer() refuses a socket that another daemon answers on, and leaves it alone", async () => {
  await inFolder(async (folder) => {
    const control = new FakeControl();
    const path = `${folder}/s`;
    await using _server = await open(control, path);
    await assert.rejects(open(new FakeControl(), path), {
      code: "socket_in_use",
      path,
      message: `Cannot open status socket ${path}: another daemon answers on it`,
    });
    assert.deepEqual(await fetchSnapshot(path), control.current);
  });
});

Deno.test("openStatusServer() takes over a socket file that nobody answers on", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/s`;
    await leaveSocket(path);
    await assert.rejects(fetchSnapshot(path), { code: "no_daemon" });
    const control = new FakeControl();
    await using _server = await open(control, path);
    assert.deepEqual(await fetchSnapshot(path), control.current);
  });
});

Deno.test("openStatusServer() refuses paths that cannot be a socket's", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "precious");
    await assert.rejects(open(new FakeControl(), `${folder}/file`), { code: "socket_path" });
    assert.equal(await Deno.readTextFile(`${folder}/file`), "precious");
    await assert.rejects(open(new FakeControl(), `${folder}/file/s`));
    const long = `/tmp/${"é".repeat(60)}`;
    await assert.rejects(open(new FakeControl(), long), {
      code: "socket_path",
      message: `Cannot open status socket ${long}: the path has 125 bytes, 107 are the most`,
    });
  });
});

Deno.test("openStatusServer() leaves no socket open when the page's port is taken", async () => {
  await inFolder(async (folder) => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const listen = { address: "127.0.0.1", port: taken.addr.port };
    const socketPath = `${folder}/s`;
    const control = new FakeControl();
    await assert.rejects(openStatusServer({ control, socketPath, listen, lang: "en", log: new LogBook() }), {
      code: "EADDRINUSE",
    });
    assert.ok(!await exists(socketPath));
  });
});

Deno.test("openStatusServer() asks for the token on the page, not on the socket", async () => {
  await inFolder(async (folder) => {
    const control = new FakeControl();
    const listen = { address: "127.0.0.1", port: 0 };
    const socketPath = `${folder}/s`;
    const token = new Secret("abc");
    await using server = await openStatusServer({
      ...{ control, socketPath, listen, token, lang: "en", log: new LogBook() },
    });
    const url = `http://127.0.0.1:${server.listen?.port}/status`;
    const refused = await fetch(url);
    assert.equal(refused.status, 401);
    await refused.body?.cancel();
    const let_in = await fetch(url, { headers: { authorization: "Bearer abc" } });
    assert.deepEqual(await let_in.json(), control.current);
    assert.deepEqual(await fetchSnapshot(socketPath), control.current);
  });
});

Deno.test("followEvents() gives events in order until the daemon ends", async () => {
  await inFolder(async (folder) => {
    const control = new FakeControl();
    const path = `${folder}/s`;
    const server = await open(control, path);
    const events = followEvents(path);
    const first = events.next();
    while (control.readers === 0) await settle();
    control.emit(mapped);
    control.emit({ ...mapped, event: "stopped" });
    assert.equal((await first).value?.["event"], "mapped");
    assert.equal((await events.next()).value?.["event"], "stopped");
    const last = events.next();
    await server[Symbol.asyncDispose]();
    assert.deepEqual(await last, { done: true, value: undefined });
    assert.equal(control.readers, 0);
  });
});

Deno.test("followEvents() ends with the reason of its signal, and with the loop", async () => {
  await inFolder(async (folder) => {
    const control = new FakeControl();
    const path = `${folder}/s`;
    await using _server = await open(control, path);
    const stop = new AbortController();
    const waiting = followEvents(path, { signal: stop.signal }).next();
    while (control.readers === 0) await settle();
    const reason = new Error("enough");
    stop.abort(reason);
    await assert.rejects(waiting, reason);
    while (control.readers > 0) await settle();
    const seen: unknown[] = [];
    const loop = (async (): Promise<void> => {
      for await (const { event } of followEvents(path)) {
        seen.push(event);
        break;
      }
    })();
    while (control.readers === 0) await settle();
    control.emit(mapped);
    await loop;
    while (control.readers > 0) await settle();
    assert.deepEqual(seen, ["mapped"]);
  });
});

Deno.test("the client tells apart no daemon, no such tunnel, and a daemon that makes no sense", async () => {
  await inFolder(async (folder) => {
    const control = new FakeControl();
    const path = `${folder}/s`;
    for (const none of [`${folder}/none`, `${folder}/none/none`]) {
      await assert.rejects(fetchSnapshot(none), { code: "no_daemon" });
      await assert.rejects(followEvents(none).next(), { code: "no_daemon" });
      await assert.rejects(requestVerify(none), { code: "no_daemon" });
    }
    {
      await using _server = await open(control, path);
      await assert.rejects(requestVerify(path, { name: "a/b&c" }), { code: "status_request", status: 404 });
      assert.deepEqual(control.verified, ["a/b&c"]);
    }
    const answers = ["not json", "[]", '{"tunnels":1}'];
    for (const answer of answers) {
      await using server = Deno.serve({ path, onListen: () => {} }, () => new Response(answer));
      assert.ok(server);
      await assert.rejects(fetchSnapshot(path), { code: "status_request" }, answer);
    }
    {
      using listener = Deno.listen({ transport: "unix", path });
      const accepting = listener.accept().then((connection) => connection.close());
      await assert.rejects(fetchSnapshot(path), { code: "status_request" });
      await accepting;
    }
    await Deno.remove(path).catch(() => {});
  });
});

Deno.test("the client gives up a daemon that does not answer: after 10 s, 20 s for a lookup, or by signal", async () => {
  await inFolder(async (folder) => {
    const control = new FakeControl();
    control.hangs = true;
    const path = `${folder}/s`;
    using listener = Deno.listen({ transport: "unix", path });
    const clock = new FakeClock();
    const limits = [[fetchSnapshot, 10_000], [requestVerify, 20_000]] as const;
    for (const [ask, limitMs] of limits) {
      const answer = assert.rejects(ask(path, { clock }), { code: "timeout" });
      using _connection = await listener.accept();
      await clock.advance(limitMs - 1);
      assert.equal(clock.pendingTimers, 1);
      await clock.advance(1);
      await answer;
    }
    const stop = new AbortController();
    const answer = assert.rejects(fetchSnapshot(path, { signal: stop.signal }), /enough/);
    using _connection = await listener.accept();
    stop.abort(new Error("enough"));
    await answer;
  });
});

Deno.test("openStatusServer() ends although answers are under way and readers hold on", async () => {
  await inFolder(async (folder) => {
    const control = new FakeControl();
    control.hangs = true;
    const path = `${folder}/s`;
    const server = await open(control, path);
    const verifying = requestVerify(path).then(() => "answered", (error) => error.code);
    while (control.verified.length === 0) await settle();
    // One that never reads its answer, so that it can never be sent.
    control.current = service([], { config: "x".repeat(8_000_000) });
    using lazy = await Deno.connect({ transport: "unix", path });
    await lazy.write(new TextEncoder().encode("GET /status HTTP/1.1\r\nhost: x\r\n\r\n"));
    await lazy.read(new Uint8Array(1));
    await server[Symbol.asyncDispose]();
    assert.equal(await verifying, "status_request");
    assert.ok(!await exists(path));
  });
});
