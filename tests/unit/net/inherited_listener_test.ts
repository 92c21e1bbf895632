import assert from "node:assert/strict";
import {
  bindSocket,
  bindUnixSocket,
  type Descriptor,
  EventFd,
  holdLibc,
  listenSocket,
  localAddress,
  openStreamSocket,
} from "../../../ffi/mod.ts";
import { AF_UNIX, SOCK_STREAM } from "../../../ffi/linux.ts";
import { openSocket } from "../../../ffi/socket.ts";
import { type Logger, silentLogger } from "../../../src/core/log.ts";
import { type InheritedListener, takeInheritedListeners } from "../../../src/net/inherited_listener.ts";
import { withFdCheck } from "../../leak.ts";

const PID = 4242;

/** A listening socket as a parent leaves it, and the port it has. */
function openListener(): { readonly fd: number; readonly port: number } {
  const socket: Descriptor = openStreamSocket(4);
  bindSocket(socket, { bytes: new Uint8Array([127, 0, 0, 1]), port: 0, scopeId: 0 }, "any");
  listenSocket(socket, 16, "any");
  const { port } = localAddress(socket);
  return { fd: socket.release(), port };
}

function take(
  firstFd: number,
  env: Readonly<Record<string, string>> = {},
  warnings: string[] = [],
): readonly InheritedListener[] {
  const all: Readonly<Record<string, string>> = { LISTEN_PID: `${PID}`, LISTEN_FDS: "1", ...env };
  const log: Logger = {
    ...silentLogger,
    warn: (_message, fields) => void warnings.push(`${fields?.["reason"]}`),
  };
  return takeInheritedListeners({ readEnv: (key) => all[key], log, pid: PID, firstFd });
}

/** Serves `handle` on a Unix socket and an inherited TCP one in front of it. */
async function withServer(
  handle: (connection: Deno.UnixConn) => Promise<void>,
  use: (connect: () => Promise<Deno.TcpConn>) => Promise<void>,
): Promise<void> {
  await withFdCheck(async () => {
    using _libc = holdLibc();
    const folder = await Deno.makeTempDir();
    const path = `${folder}/inner`;
    using inner = Deno.listen({ transport: "unix", path });
    const handled: Promise<void>[] = [];
    const accepting = (async (): Promise<void> => {
      for await (const connection of inner) {
        handled.push(handle(connection).finally(() => connection.close()));
      }
    })();
    const { fd, port } = openListener();
    const [listener] = take(fd);
    assert.ok(listener);
    {
      await using _serving = await listener.serve(path);
      await use(() => Deno.connect({ hostname: "127.0.0.1", port }));
    }
    await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port }), Deno.errors.ConnectionRefused);
    inner.close();
    await accepting;
    await Promise.all(handled);
    await Deno.remove(folder, { recursive: true });
  });
}

async function readAll(connection: Deno.Conn): Promise<number> {
  const buffer = new Uint8Array(65536);
  let total = 0;
  for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) total += n;
  return total;
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

Deno.test("InheritedListener.serve() passes bytes both ways and half-close through", async () => {
  await withServer(
    async (connection) => {
      const total = await readAll(connection); // answers only after the visitor has ended
      await connection.write(new TextEncoder().encode(`${total} bytes`));
    },
    async (connect) => {
      const visits = [0, 1, 3_000_000].map(async (size) => {
        using visitor = await connect();
        await writeAll(visitor, new Uint8Array(size));
        await visitor.closeWrite();
        const answer = new Uint8Array(100);
        const n = await visitor.read(answer) ?? 0;
        assert.equal(new TextDecoder().decode(answer.subarray(0, n)), `${size} bytes`);
        assert.equal(await visitor.read(answer), null);
      });
      await Promise.all(visits);
    },
  );
});

Deno.test("InheritedListener.serve() ends the visitor when the inner side ends first, and the other way round", async () => {
  const closed = Promise.withResolvers<void>();
  let isFirst = true;
  await withServer(
    async (connection) => {
      if (isFirst) {
        isFirst = false;
        return;
      }
      assert.equal(await readAll(connection), 0);
      closed.resolve();
    },
    async (connect) => {
      using first = await connect();
      assert.equal(await readAll(first), 0);
      const second = await connect();
      second.close();
      await closed.promise;
    },
  );
});

Deno.test("InheritedListener.serve() closes its connections when it is disposed", async () => {
  let visitor: Deno.TcpConn | undefined;
  const accepted = Promise.withResolvers<void>();
  await withServer(
    async (connection) => {
      accepted.resolve();
      await readAll(connection).catch(() => {}); // ends or breaks; either will do
    },
    async (connect) => {
      visitor = await connect();
      await accepted.promise;
    },
  );
  assert.equal(await visitor?.read(new Uint8Array(1)).catch(() => null), null);
  visitor?.close();
});

Deno.test("InheritedListener.serve() turns visitors away, and goes on, when nobody is at the path", () =>
  withFdCheck(async () => {
    using _libc = holdLibc();
    const warnings: string[] = [];
    const { fd, port } = openListener();
    const [listener] = take(fd, {}, warnings);
    assert.ok(listener);
    await using _serving = await listener.serve("/nonexistent/inner");
    for (let i = 0; i < 2; i++) {
      using visitor = await Deno.connect({ hostname: "127.0.0.1", port });
      assert.equal(await visitor.read(new Uint8Array(1)).catch(() => null), null);
    }
    assert.equal(warnings.length, 2);
    await assert.rejects(listener.serve("/again"), TypeError);
  }));

Deno.test("InheritedListener.serve() takes a Unix socket as well", () =>
  withFdCheck(async () => {
    using _libc = holdLibc();
    const folder = await Deno.makeTempDir();
    const socket = openSocket(AF_UNIX, SOCK_STREAM, 0);
    bindUnixSocket(socket, `${folder}/outer`);
    listenSocket(socket, 16, "outer");
    using inner = Deno.listen({ transport: "unix", path: `${folder}/inner` });
    const [listener] = take(socket.release());
    {
      await using _serving = await listener?.serve(`${folder}/inner`);
      using visitor = await Deno.connect({ transport: "unix", path: `${folder}/outer` });
      using connection = await inner.accept();
      await visitor.write(new Uint8Array(3));
      await visitor.closeWrite();
      assert.equal(await readAll(connection), 3);
      await connection.write(new Uint8Array(4));
      await connection.closeWrite();
      assert.equal(await readAll(visitor), 4);
    }
    await Deno.remove(folder, { recursive: true });
  }));

Deno.test("takeInheritedListeners() takes nothing that is not meant for us", () =>
  withFdCheck(() => {
    const warnings: string[] = [];
    const cases: readonly Readonly<Record<string, string>>[] = [
      { LISTEN_PID: "1" },
      { LISTEN_PID: "" },
      { LISTEN_FDS: "0" },
      { LISTEN_FDS: "-1" },
      { LISTEN_FDS: "x" },
      { LISTEN_FDS: "1000" },
    ];
    for (const env of cases) assert.deepEqual(take(1_000_000, env, warnings), [], JSON.stringify(env));
    assert.deepEqual(warnings, ["LISTEN_FDS is 1000"]);
  }));

Deno.test("takeInheritedListeners() names the sockets, and tells and closes what does not listen", () =>
  withFdCheck(async () => {
    using _libc = holdLibc();
    const { fd, port } = openListener();
    {
      const [named] = take(fd, { LISTEN_FDNAMES: "page" });
      assert.equal(named?.name, "page");
      named?.[Symbol.dispose]();
      named?.[Symbol.dispose]();
    }
    await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port }), Deno.errors.ConnectionRefused);
    const warnings: string[] = [];
    const bell = new EventFd().descriptor.release();
    assert.deepEqual(take(bell, {}, warnings), []);
    assert.deepEqual(take(1_000_000, {}, warnings), []);
    assert.deepEqual(warnings, [
      `Cannot serve descriptor ${bell}: it does not listen for streams`,
      "Cannot adopt descriptor 1000000: bad file descriptor (EBADF)",
    ]);
  }));
