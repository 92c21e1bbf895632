import type { Descriptor } from "../../ffi/mod.ts";
import type { Endpoint } from "../core/endpoint.ts";
import type { LoopHandler } from "./data_loop.ts";
import type { SendLimit, UdpFlow } from "./udp_batch.ts";
import type { SessionKey, UdpSession } from "./udp_sessions.ts";
import type { Upstream } from "./udp_upstream.ts";

/** One client's session: its upstream socket and what is known of it. */
export class ClientSession implements UdpSession, UdpFlow, LoopHandler {
  readonly key: SessionKey;
  readonly client: Endpoint;
  readonly peer: Uint32Array<ArrayBuffer>;
  readonly target: Endpoint;
  readonly local: Endpoint;
  readonly descriptor: Descriptor;
  readonly fd: number;
  readonly openedMs: number;
  readonly limit: SendLimit;
  activeMs: number;
  bytesIn = 0;
  bytesOut = 0;
  /** PROXY header that no datagram has carried yet. */
  header: Uint8Array | undefined;
  /** Slots of this round, chained; -1 for none. */
  firstSlot = -1;
  lastSlot = -1;
  readonly #onReady: (session: ClientSession, nowMs: number) => void;

  constructor(
    who: { readonly key: SessionKey; readonly client: Endpoint; readonly peer: Uint32Array<ArrayBuffer> },
    upstream: Upstream,
    how: {
      readonly nowMs: number;
      readonly limit: SendLimit;
      readonly header: Uint8Array | undefined;
      readonly onReady: (session: ClientSession, nowMs: number) => void;
    },
  ) {
    this.key = who.key;
    this.client = who.client;
    this.peer = who.peer;
    this.target = upstream.target;
    this.local = upstream.local;
    this.descriptor = upstream.descriptor;
    this.fd = upstream.descriptor.number;
    this.openedMs = this.activeMs = how.nowMs;
    this.limit = how.limit;
    this.header = how.header;
    this.#onReady = how.onReady;
  }

  onEvents(_events: number, nowMs: number): void {
    this.#onReady(this, nowMs);
  }
}
