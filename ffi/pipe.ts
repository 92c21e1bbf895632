import { check } from "./errno.ts";
import { Descriptor } from "./fd.ts";
import { libc } from "./libc.ts";
import { F_GETPIPE_SZ, F_SETPIPE_SZ, O_CLOEXEC, O_NONBLOCK } from "./linux.ts";

/** A pipe, both ends ours. Disposing closes both. */
export class Pipe implements Disposable {
  /** Where bytes come out. */
  readonly readEnd: Descriptor;
  /** Where bytes go in. */
  readonly writeEnd: Descriptor;
  /** Bytes it holds at most, as the kernel granted. */
  readonly capacity: number;

  private constructor(readEnd: Descriptor, writeEnd: Descriptor, capacity: number) {
    this.readEnd = readEnd;
    this.writeEnd = writeEnd;
    this.capacity = capacity;
  }

  /**
   * Opens one.
   *
   * @param sizes Capacities in bytes to ask for, best first; what the kernel gives by itself where it grants none
   *   (8 KiB for a user who has too many pages in pipes).
   * @throws {SystemError} EMFILE, ENFILE
   */
  static open(sizes: readonly number[]): Pipe {
    const ends = new Int32Array(new ArrayBuffer(8));
    check(libc().pipe2(ends, O_CLOEXEC | O_NONBLOCK), "pipe2", "open pipe");
    const readEnd = new Descriptor(ends[0] ?? -1);
    const writeEnd = new Descriptor(ends[1] ?? -1);
    for (const bytes of sizes) {
      const granted = libc().fcntl(writeEnd.number, F_SETPIPE_SZ, bytes);
      if (granted > 0) return new Pipe(readEnd, writeEnd, granted);
    }
    return new Pipe(readEnd, writeEnd, libc().fcntl(writeEnd.number, F_GETPIPE_SZ, 0));
  }

  [Symbol.dispose](): void {
    this.readEnd[Symbol.dispose]();
    this.writeEnd[Symbol.dispose]();
  }
}
