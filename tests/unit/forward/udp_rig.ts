import assert from "node:assert/strict";
import * as ffi from "../../../ffi/mod.ts";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { AccessGuard } from "../../../src/forward/access_guard.ts";
import { SharedCounters } from "../../../src/forward/counters.ts";
import { DataLoop } from "../../../src/forward/data_loop.ts";
import type { ClientRecord } from "../../../src/forward/forwarder.ts";
import type { AccessOptions, ForwardOptions } from "../../../src/forward/options.ts";
import { SessionCap } from "../../../src/forward/session_cap.ts";
import { endpointOf, socketAddressOf } from "../../../src/net/socket_address.ts";
import { TokenBucket } from "../../../src/forward/token_bucket.ts";
import type { UdpEngine } from "../../../src/forward/udp_engine.ts";
import { UdpRelay } from "../../../src/forward/udp_relay.ts";
import { withFdCheck } from "../../leak.ts";

/** A datagram as a peer of the relay got it. */
export interface Got {
  readonly data: Uint8Array;
  readonly from: Endpoint;
}

/** A UDP socket on loopback that is asked, not told. */
export class Peer implements Disposable {
  readonly socket: ffi.Descriptor;
  readonly endpoint: Endpoint;

  constructor(address: string = "127.0.0.1", port: number = 0) {
    this.socket = ffi.openDatagramSocket(address.includes(":") ? 6 : 4);
    ffi.bindSocket(this.socket, socketAddressOf({ address, port }), address);
    this.endpoint = endpointOf(ffi.localAddress(this.socket));
  }

  send(data: Uint8Array, to: Endpoint): void {
    const sent = ffi.sendBytesTo(this.socket, data, ffi.encodeSockaddr(socketAddressOf(to)));
    assert.equal(sent, data.length, `sending ${data.length} bytes`);
  }

  /** Everything that has arrived. */
  take(): Got[] {
    const all: Got[] = [];
    for (;;) {
      const count = ffi.receiveBytesFrom(this.socket);
      if (count < 0) return all;
      const from = ffi.receivedFrom();
      assert.ok(from);
      all.push({ data: ffi.received(count).slice(), from: endpointOf(from) });
    }
  }

  [Symbol.dispose](): void {
    this.socket[Symbol.dispose]();
  }
}

/** What a test may want to be different. */
export interface RigOptions {
  readonly address?: string;
  readonly targets?: readonly Endpoint[];
  readonly options?: Partial<ForwardOptions>;
  readonly access?: Partial<AccessOptions>;
  readonly maxSessions?: number;
  readonly isJoined?: boolean;
  readonly isSegmented?: boolean;
  /** Shared ones are not disposed. */
  readonly engine?: UdpEngine;
  readonly loop?: DataLoop;
}

/** A relay under a loop that only turns when told, with a clock that only goes when told. */
export class UdpRig implements Disposable {
  readonly records: ClientRecord[] = [];
  readonly logged: string[] = [];
  readonly counters: SharedCounters = new SharedCounters();
  readonly cap: SessionCap;
  readonly guard: AccessGuard;
  readonly loop: DataLoop;
  readonly relay: UdpRelay;
  readonly public: ffi.Descriptor;
  readonly internal: Endpoint;
  targetFailures = 0;
  nowMs = 1_000_000;
  readonly #stack = new DisposableStack();

  constructor(how: RigOptions = {}) {
    const { address = "127.0.0.1", targets = [], maxSessions = 1000 } = how;
    this.public = this.#stack.use(ffi.openDatagramSocket(address.includes(":") ? 6 : 4));
    ffi.bindSocket(this.public, socketAddressOf({ address, port: 0 }), address);
    this.internal = endpointOf(ffi.localAddress(this.public));
    const access: AccessOptions = { allow: [], deny: [], ...how.access };
    this.cap = new SessionCap(maxSessions);
    this.guard = new AccessGuard(access);
    if (how.loop === undefined) {
      const bell = this.#stack.use(new ffi.EventFd());
      this.loop = this.#stack.use(new DataLoop({ bell, now: () => this.nowMs }));
    } else {
      this.loop = how.loop;
    }
    const rate = access.bytesPerSecond;
    this.relay = this.#stack.use(
      new UdpRelay(
        {
          loop: this.loop,
          fd: this.public.number,
          internal: this.internal,
          options: { ...PLAIN, target: { host: "", port: 0 }, access, ...how.options },
          counters: this.counters,
          guard: this.guard,
          bucket: rate === undefined ? undefined : new TokenBucket(rate, this.nowMs),
          cap: this.cap,
          onClient: (record) => this.records.push(record),
          onTargetFailed: () => this.targetFailures++,
          log: (level, message) => this.logged.push(`${level}: ${message}`),
        },
        {
          isJoined: how.isJoined ?? false,
          isSegmented: how.isSegmented ?? true,
          ...(how.engine && { engine: how.engine }),
        },
      ),
    );
    this.relay.setTargets(targets);
  }

  /** Lets the relay work off what is there; bounded, so that a datagram going in circles ends the test. */
  turn(times: number = 4): void {
    for (let i = 0; i < times; i++) this.loop.turn(0);
  }

  /** Lets time go by, and the relay notice. */
  advance(ms: number): void {
    this.nowMs += ms;
    this.loop.turn(0);
  }

  /** What the records tell, without addresses. */
  get story(): string[] {
    return this.records.map((r) => r.reason === undefined ? r.state : `${r.state}: ${r.reason}`);
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}

const PLAIN = {
  name: "game",
  protocol: "udp",
  method: "relay",
  idleMs: 90_000,
  connectTimeoutMs: 10_000,
  isTransparent: false,
} as const;

/** A test of the relay; it leaves no descriptor. */
export function udpTest(name: string, test: () => void): void {
  Deno.test(name, () =>
    withFdCheck(() => {
      using _libc = ffi.holdLibc();
      test();
    }));
}

/** Bytes that tell datagrams apart. */
export function pattern(length: number, seed: number): Uint8Array {
  const data = new Uint8Array(length);
  for (let i = 0; i < length; i++) data[i] = (seed * 31 + i * 7 + (i >> 8)) & 0xff;
  return data;
}
