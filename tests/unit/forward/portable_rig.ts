import assert from "node:assert/strict";
import type { Clock } from "../../../src/core/clock.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { type Logger, silentLogger } from "../../../src/core/log.ts";
import type { Net } from "../../../src/core/net.ts";
import { systemRandom } from "../../../src/core/random.ts";
import type { ClientRecord, Forwarder, ForwardSession } from "../../../src/forward/forwarder.ts";
import type { ForwardOptions } from "../../../src/forward/options.ts";
import { openPortableForwarder } from "../../../src/forward/portable_forwarder.ts";
import { openNet } from "../../../src/net/open_net.ts";
import { withFdCheck } from "../../leak.ts";

/** Complete options for a target. */
export function optionsFor(
  target: Endpoint | string,
  changes: Partial<ForwardOptions> = {},
): ForwardOptions {
  return {
    name: "web",
    protocol: "tcp",
    target: typeof target === "string"
      ? { host: target, port: 0 }
      : { host: target.address, port: target.port },
    method: "auto",
    idleMs: 300_000,
    connectTimeoutMs: 10_000,
    isTransparent: false,
    access: { allow: [], deny: [] },
    ...changes,
  };
}

/** What a test of the portable forwarder works with. */
export class Rig {
  readonly net: Net;
  readonly forwarder: Forwarder;
  readonly records: ClientRecord[] = [];
  #wake = (): void => {};

  constructor(net: Net, forwarder: Forwarder) {
    this.net = net;
    this.forwarder = forwarder;
  }

  /** A port nobody uses now. */
  freePort(transport: "tcp" | "udp" = "tcp"): Endpoint {
    const local = { hostname: "127.0.0.1", port: 0 };
    const socket = transport === "tcp" ? Deno.listen(local) : Deno.listenDatagram({ ...local, transport });
    const { port } = socket.addr as Deno.NetAddr;
    socket.close();
    return { address: local.hostname, port };
  }

  /** Forwards from a free port; the session and that port. */
  async forward(options: ForwardOptions): Promise<{ session: ForwardSession; at: Endpoint }> {
    const at = this.freePort(options.protocol);
    const session = await this.forwarder.forward(at, options, (record) => {
      this.records.push(record);
      this.#wake();
    });
    return { session, at };
  }

  /** Waits for the n-th record in this state. */
  async record(state: ClientRecord["state"], index = 0): Promise<ClientRecord> {
    while (true) {
      const found = this.records.filter((record) => record.state === state)[index];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

/** Registers a test that runs on the platform's own sockets, and on Linux with shared ports too. */
export function portableTest(
  name: string,
  body: (rig: Rig) => Promise<void>,
  options: { readonly clock?: () => Clock; readonly log?: Logger; readonly isLinuxOnly?: boolean } = {},
): void {
  for (const isPortable of [true, false]) {
    Deno.test({
      name: `${name} (${isPortable ? "runtime's sockets" : "Linux"})`,
      ignore: isPortable ? options.isLinuxOnly === true : Deno.build.os !== "linux",
      fn: () =>
        withFdCheck(async () => {
          const log = options.log ?? silentLogger;
          await using net = openNet({ log, isPortable });
          const clock = options.clock?.() ?? systemClock;
          await using forwarder = await openPortableForwarder({
            platform: { net, clock, random: systemRandom, log },
          });
          await body(new Rig(net, forwarder));
        }),
    });
  }
}

/** Bytes that tell where they belong. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) bytes[i] = state = (state * 75 + 74) % 65_537;
  return bytes;
}

/** Everything until the other side ends. */
export async function readAll(conn: Deno.Conn): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    parts.push(buffer.slice(0, n));
  }
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Writes all of it. */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}

/** A TCP server on loopback. */
export async function withServer(
  handle: (conn: Deno.TcpConn) => Promise<void>,
  body: (target: Endpoint) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const tasks: Promise<void>[] = [];
  const accepting = (async (): Promise<void> => {
    for await (const conn of listener) tasks.push(handle(conn).finally(() => conn.close()));
  })();
  try {
    await body({ address: "127.0.0.1", port: (listener.addr as Deno.NetAddr).port });
  } finally {
    listener.close();
    await accepting;
    const results = await Promise.allSettled(tasks);
    for (const result of results) {
      assert.equal(result.status, "fulfilled", result.status === "rejected" ? String(result.reason) : "");
    }
  }
}
