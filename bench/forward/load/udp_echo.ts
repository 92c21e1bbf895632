import {
  type Descriptor,
  encodeSockaddr,
  receiveBytesFrom,
  received,
  receivedFrom,
  sendBytesTo,
} from "../../../ffi/mod.ts";

/** Sends datagrams of any size back to where they came from. */
export class UdpEcho {
  readonly #socket: Descriptor;

  constructor(socket: Descriptor) {
    this.#socket = socket;
  }

  /** Echoes what is there, up to a fair share. */
  run(): void {
    for (let i = 0; i < 64; i++) {
      const count = receiveBytesFrom(this.#socket);
      const from = count < 0 ? undefined : receivedFrom();
      if (from === undefined) return;
      sendBytesTo(this.#socket, received(count), encodeSockaddr(from));
    }
  }
}
