import { Feed } from "../../../src/core/feed.ts";
import type { Logger } from "../../../src/core/log.ts";
import type { MappingEvent, MappingFields } from "../../../src/core/mapping.ts";
import type { ServiceControl } from "../../../src/status/service_control.ts";
import type { ServiceSnapshot, TunnelSnapshot } from "../../../src/status/service_snapshot.ts";

/** Wall-clock time of every sample. */
export const NOW: Date = new Date("2026-11-21T02:00:00.000Z");

/** Wall-clock time some seconds after {@linkcode NOW}. */
export function after(seconds: number): Date {
  return new Date(NOW.getTime() + seconds * 1000);
}

/** A mapping of the documentation's addresses; `port` is the external one. */
export function mapping(port: number = 14500): MappingFields {
  return { internal: { address: "192.168.1.2", port: 3456 }, external: { address: "203.0.113.10", port } };
}

/** A mapped tunnel. */
export function tunnel(more: Partial<TunnelSnapshot> = {}): TunnelSnapshot {
  return {
    name: "ssh",
    protocol: "tcp",
    state: "mapped",
    since: NOW.toISOString(),
    internal: "192.168.1.2:3456",
    external: "203.0.113.10:14500",
    ip4p: "2001::38a4:cb00:710a",
    confirmedAt: NOW.toISOString(),
    changes: 0,
    hooks: [],
    publish: [],
    ...more,
  };
}

/** A service with these tunnels. */
export function service(
  tunnels: readonly TunnelSnapshot[],
  more: Partial<ServiceSnapshot> = {},
): ServiceSnapshot {
  const at = NOW.toISOString();
  return { version: "0.1.0", pid: 42, startedAt: at, at, tunnels, ...more };
}

/** A running service as a test plays it. */
export class FakeControl implements ServiceControl {
  current: ServiceSnapshot = service([tunnel()]);
  /** What was asked to be verified. */
  readonly verified: (string | undefined)[] = [];
  /** Readers of events now. */
  readers = 0;
  /** Lookups never end by themselves. */
  hangs = false;
  readonly #feed = new Feed<MappingEvent>((error) => {
    throw error;
  });

  emit(event: MappingEvent): void {
    this.#feed.emit(event);
  }

  snapshot(): ServiceSnapshot {
    return this.current;
  }

  subscribe(reader: (event: MappingEvent) => void): Disposable {
    const subscription = this.#feed.subscribe(reader);
    this.readers++;
    return {
      [Symbol.dispose]: (): void => {
        subscription[Symbol.dispose]();
        this.readers--;
      },
    };
  }

  async verify(name: string | undefined, signal: AbortSignal): Promise<ServiceSnapshot> {
    this.verified.push(name);
    if (this.hangs) {
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }
    if (name !== undefined && !this.current.tunnels.some((tunnel) => tunnel.name === name)) {
      throw new RangeError(`Cannot verify "${name}": there is no such tunnel`);
    }
    return this.current;
  }
}

/** Keeps what was logged, as `level message`. */
export class LogBook implements Logger {
  readonly lines: string[] = [];

  debug(message: string): void {
    this.lines.push(`debug ${message}`);
  }

  info(message: string): void {
    this.lines.push(`info ${message}`);
  }

  warn(message: string): void {
    this.lines.push(`warn ${message}`);
  }

  error(message: string): void {
    this.lines.push(`error ${message}`);
  }
}
