/**
 * Run by socket_owner_test.ts with bounded capabilities: opens a socket for a uid and prints whose it is.
 *
 * @module
 */
import * as ffi from "../../../ffi/mod.ts";

function ownFsuid(): number {
  const status = Deno.readTextFileSync("/proc/thread-self/status");
  return Number(/^Uid:(?:\s+\d+){3}\s+(\d+)$/m.exec(status)?.[1]);
}

/** The uid of the listener, as the kernel lists it. */
function uidOf(port: number): number {
  const mark = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  const line = Deno.readTextFileSync("/proc/net/tcp").split("\n").find((row) => row.includes(mark));
  return Number(line?.trim().split(/\s+/)[7]);
}

function main(uid: number): void {
  using _libc = ffi.holdLibc();
  const print = (value: unknown): void => {
    Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(value)));
  };
  try {
    using socket = ffi.openOwnedSocket("stream", { family: 4, uid });
    ffi.bindSocket(socket, { bytes: new Uint8Array([127, 0, 0, 1]), port: 0, scopeId: 0 }, "any");
    ffi.listenSocket(socket, 1, "any");
    print({ uid: uidOf(ffi.localAddress(socket).port), fsuid: ownFsuid() });
  } catch (error) {
    if (!(error instanceof ffi.SystemError)) throw error;
    print({ code: error.code, call: error.call, fsuid: ownFsuid() });
  }
}

if (import.meta.main) main(Number(Deno.args[0]));
