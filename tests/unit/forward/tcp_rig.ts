import { systemClock } from "../../../src/core/clock.ts";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import type { Logger } from "../../../src/core/log.ts";
import { ResolveError } from "../../../src/core/net.ts";
import type { Platform } from "../../../src/core/platform.ts";
import { systemRandom } from "../../../src/core/random.ts";
import type { ClientRecord, ForwardSession } from "../../../src/forward/forwarder.ts";
import type { ForwardOptions } from "../../../src/forward/options.ts";
import { openWorkerForwarder, type WorkerForwarder } from "../../../src/forward/worker_forwarder.ts";
import { openFakeWorld } from "../../fakes/fake_world.ts";

/** Changes to the options of a test's tunnel. */
export type Changes = Partial<Omit<ForwardOptions, "access">> & {
  access?: Partial<ForwardOptions["access"]>;
};

/** Options of a tunnel to `port` on loopback. */
export function tunnelOptions(port: number, changes: Changes = {}): ForwardOptions {
  return {
    name: "test",
    protocol: "tcp",
    target: { host: "127.0.0.1", port },
    method: "relay",
    idleMs: 300_000,
    connectTimeoutMs: 10_000,
    isTransparent: false,
    ...changes,
    access: { allow: [], deny: [], ...changes.access },
  };
}

/** Lines of the log, and a logger that keeps them. */
export function keepLog(): { readonly lines: string[]; readonly log: Logger } {
  const lines: string[] = [];
  const write = (level: string) => (message: string, fields?: object): void => {
    lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  };
  return {
    lines,
    log: { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") },
  };
}

/** A platform with the machine's clock; names are not needed. */
export function platformOf(log: Logger): Platform {
  const { net } = openFakeWorld();
  Object.assign(net, {
    resolve: (host: string) =>
      /^[\d.:]+$/.test(host)
        ? Promise.resolve([host])
        : Promise.reject(new ResolveError(host, "no such name")),
  });
  return { net, clock: systemClock, random: systemRandom, log };
}

/** A port of loopback that nobody has, just now. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** One forwarder with one tunnel, and what was told about its clients. */
export class TcpRig implements AsyncDisposable {
  readonly forwarder: WorkerForwarder;
  readonly session: ForwardSession;
  readonly internal: Endpoint;
  readonly records: ClientRecord[];
  readonly lines: readonly string[];

  private constructor(parts: Omit<TcpRig, typeof Symbol.asyncDispose | "connect" | "until" | "recordsOf">) {
    this.forwarder = parts.forwarder;
    this.session = parts.session;
    this.internal = parts.internal;
    this.records = parts.records;
    this.lines = parts.lines;
  }

  static async open(targetPort: number, changes: Changes = {}): Promise<TcpRig> {
    const { lines, log } = keepLog();
    const forwarder = await openWorkerForwarder({ platform: platformOf(log) });
    const internal = { address: "127.0.0.1", port: freePort() };
    const records: ClientRecord[] = [];
    try {
      const options = tunnelOptions(targetPort, changes);
      const session = await forwarder.forward(internal, options, (record) => records.push(record));
      return new TcpRig({ forwarder, session, internal, records, lines });
    } catch (error) {
      await forwarder[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A client of the tunnel. */
  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: this.internal.address, port: this.internal.port });
  }

  recordsOf(state: ClientRecord["state"]): ClientRecord[] {
    return this.records.filter((record) => record.state === state);
  }

  /** Waits for something that other threads bring about; the test's own limit ends it. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.forwarder[Symbol.asyncDispose]();
  }
}

/** What a target does with each connection. */
export type Serve = (connection: Deno.TcpConn) => Promise<void>;

/** A server on loopback. Disposing closes it and waits for its connections. */
export class TestTarget implements AsyncDisposable {
  readonly port: number;
  readonly connections: Deno.TcpConn[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #tasks = new Set<Promise<void>>();
  readonly #running: Promise<void>;

  constructor(serve: Serve, port: number = 0) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.port = this.#listener.addr.port;
    this.#running = this.#run(serve);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#running;
    for (const connection of this.connections) closeQuietly(connection);
    await Promise.all(this.#tasks);
  }

  async #run(serve: Serve): Promise<void> {
    try {
      for await (const connection of this.#listener) {
        this.connections.push(connection);
        const task = serve(connection).catch(() => {}).finally(() => {
          closeQuietly(connection);
          this.#tasks.delete(task);
        });
        this.#tasks.add(task);
      }
    } catch {
      // the listener was closed
    }
  }
}

/** Closes what may be closed already. */
export function closeQuietly(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // it is
  }
}

/** Sends back what comes, as it comes, and ends when the peer does. */
export async function echo(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) break;
    await writeAll(connection, buffer.subarray(0, count));
  }
  await connection.closeWrite();
}

/** Writes everything. */
export async function writeAll(connection: Deno.TcpConn, data: Uint8Array): Promise<void> {
  for (let sent = 0; sent < data.length;) sent += await connection.write(data.subarray(sent));
}

/** Reads until the peer ends. @param onData Valid during the call. */
export async function readToEnd(connection: Deno.TcpConn, onData: (data: Uint8Array) => void): Promise<void> {
  const buffer = new Uint8Array(262_144);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) return;
    onData(buffer.subarray(0, count));
  }
}

/** Bytes whose order shows: the n-th differs from its neighbours, and from those a block away. */
export class Pattern {
  #at = 0;

  /** The next `length` bytes. */
  next(length: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++, this.#at++) out[i] = (this.#at * 31 + (this.#at >>> 13)) & 0xff;
    return out;
  }
}
