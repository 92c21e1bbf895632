import { check } from "./errno.ts";
import { Descriptor } from "./fd.ts";
import { libc } from "./libc.ts";
import { EFD_CLOEXEC, EFD_NONBLOCK } from "./linux.ts";

/** A bell: ringing makes its descriptor readable until it is silenced. Disposing closes it. */
export class EventFd implements Disposable {
  /** For epoll. */
  readonly descriptor: Descriptor;
  readonly #counter = new BigUint64Array(new ArrayBuffer(8));

  /** Opens one. @throws {SystemError} */
  constructor() {
    const fd = check(libc().eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd", "open eventfd");
    this.descriptor = new Descriptor(fd);
  }

  /** Makes it readable. */
  ring(): void {
    this.#counter[0] = 1n;
    // It fails only when 2^64 - 1 rings are unheard; then it is readable anyway.
    libc().write(this.descriptor.number, this.#counter, 8n);
  }

  /** Makes it unreadable. */
  silence(): void {
    libc().read(this.descriptor.number, this.#counter, 8n);
  }

  [Symbol.dispose](): void {
    this.descriptor[Symbol.dispose]();
  }
}

/** Makes an eventfd that another thread owns unreadable. */
export function silenceEventFd(fd: number): void {
  libc().read(fd, new BigUint64Array(new ArrayBuffer(8)), 8n);
}
