import type { Endpoint } from "../../src/core/endpoint.ts";
import type { DatagramOptions, DatagramSocket } from "../../src/core/net.ts";
import type { FakePacket } from "./fake_net.ts";

/** What the kernel would throw. */
export function kernelError(code: string, call: string): Error {
  return Object.assign(new Error(`Cannot ${call}: ${code}`), { code });
}

/** A UDP socket of {@linkcode FakeNet}. */
export class FakeDatagramSocket implements DatagramSocket {
  readonly local: Endpoint;
  readonly options: DatagramOptions;
  readonly #net: { send(packet: FakePacket): void; close(): void };
  #isClosed = false;

  constructor(
    local: Endpoint,
    options: DatagramOptions,
    net: { send(packet: FakePacket): void; close(): void },
  ) {
    this.local = local;
    this.options = options;
    this.#net = net;
  }

  send(data: Uint8Array, to: Endpoint | undefined = this.options.remote): void {
    if (this.#isClosed) throw kernelError("EBADF", "send");
    if (to === undefined) throw kernelError("EDESTADDRREQ", "send");
    this.#net.send({ from: this.local, to, data: data.slice() });
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#net.close();
  }
}
