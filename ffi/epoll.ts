import { check, ERRNO, SystemError } from "./errno.ts";
import { Descriptor } from "./fd.ts";
import { lastErrno, libc } from "./libc.ts";
import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, LITTLE_ENDIAN } from "./linux.ts";

/** Where the fields of struct epoll_event are. */
export interface EpollLayout {
  /** Size of the struct. */
  readonly bytes: number;
  /** Offset of `data`; `events` is at 0. */
  readonly dataOffset: number;
}

/**
 * Layout of struct epoll_event: <sys/epoll.h> packs it on x86-64 (12 bytes), elsewhere `data` is aligned to 8
 * (16 bytes).
 */
export function epollLayout(arch: typeof Deno.build.arch): EpollLayout {
  return arch === "x86_64" ? { bytes: 12, dataOffset: 4 } : { bytes: 16, dataOffset: 8 };
}

/** A buffer of struct epoll_event; its `data` holds an id of ours, up to 2^53 - 1. */
export class EpollEvents {
  /** For the kernel. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many fit. */
  readonly capacity: number;
  readonly #view: DataView;
  readonly #layout: EpollLayout;

  /** @param arch Whose layout; for tests. */
  constructor(capacity: number, arch: typeof Deno.build.arch = Deno.build.arch) {
    this.#layout = epollLayout(arch);
    this.capacity = capacity;
    this.bytes = new Uint8Array(new ArrayBuffer(capacity * this.#layout.bytes));
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Writes one event. */
  set(index: number, events: number, id: number): void {
    const start = index * this.#layout.bytes;
    const data = start + this.#layout.dataOffset;
    this.#view.setUint32(start, events, LITTLE_ENDIAN);
    this.#view.setUint32(data, id >>> 0, LITTLE_ENDIAN);
    this.#view.setUint32(data + 4, Math.floor(id / 2 ** 32), LITTLE_ENDIAN);
  }

  /** Bits of EPOLL*. */
  eventsAt(index: number): number {
    return this.#view.getUint32(index * this.#layout.bytes, LITTLE_ENDIAN);
  }

  /** The id given when the descriptor was added. */
  idAt(index: number): number {
    const data = index * this.#layout.bytes + this.#layout.dataOffset;
    return this.#view.getUint32(data, LITTLE_ENDIAN) +
      this.#view.getUint32(data + 4, LITTLE_ENDIAN) * 2 ** 32;
  }
}

/** An epoll instance. Disposing closes it; no call may be pending then. */
export class Epoll implements Disposable {
  readonly #epoll: Descriptor;
  readonly #scratch = new EpollEvents(1);

  /** Opens one. @throws {SystemError} */
  constructor() {
    this.#epoll = new Descriptor(check(libc().epoll_create1(EPOLL_CLOEXEC), "epoll_create1", "open epoll"));
  }

  /** Begins to watch. @param id Comes back with each event. @throws {SystemError} */
  add(target: Descriptor, events: number, id: number): void {
    this.#control(EPOLL_CTL_ADD, target.number, events, id);
  }

  /** As {@linkcode Epoll.add} for a descriptor that another thread owns. @throws {SystemError} */
  addNumber(fd: number, events: number, id: number): void {
    this.#control(EPOLL_CTL_ADD, fd, events, id);
  }

  /** As {@linkcode Epoll.remove} for a descriptor that another thread owns. @throws {SystemError} */
  removeNumber(fd: number): void {
    this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  /** Watches for something else. @throws {SystemError} */
  change(target: Descriptor, events: number, id: number): void {
    this.#control(EPOLL_CTL_MOD, target.number, events, id);
  }

  /** Ends watching; has to come before the descriptor is closed. @throws {SystemError} */
  remove(target: Descriptor): void {
    this.#control(EPOLL_CTL_DEL, target.number, 0, 0);
  }

  #control(operation: number, fd: number, events: number, id: number): void {
    this.#scratch.set(0, events, id);
    check(
      libc().epoll_ctl(this.#epoll.number, operation, fd, this.#scratch.bytes),
      "epoll_ctl",
      "watch socket",
    );
  }

  /** Takes what is ready now, without waiting. @returns How many events. @throws {SystemError} */
  poll(into: EpollEvents): number {
    return this.wait(into, 0);
  }

  /**
   * Blocks this thread until something is ready: for a Worker that does nothing else.
   *
   * @param timeoutMs -1 waits for ever.
   * @returns How many events.
   * @throws {SystemError}
   */
  wait(into: EpollEvents, timeoutMs: number): number {
    const count = libc().epoll_wait(this.#epoll.number, into.bytes, into.capacity, timeoutMs);
    if (count >= 0) return count;
    const errno = lastErrno();
    if (errno === ERRNO.EINTR) return 0;
    throw new SystemError(errno, "epoll_wait", "wait for sockets");
  }

  /**
   * Waits on a pool thread until something is ready; the event loop goes on meanwhile, and `into` must not be touched.
   *
   * @returns How many events. A failure gives 0 where {@linkcode poll} has no complaint: errno does not cross
   * threads, so the call is repeated here for its cause.
   * @throws {SystemError}
   */
  async park(into: EpollEvents): Promise<number> {
    const count = await libc().epoll_wait_parked(
      this.#epoll.number,
      into.bytes,
      into.capacity,
      -1,
    );
    return count >= 0 ? count : this.poll(into);
  }

  [Symbol.dispose](): void {
    this.#epoll[Symbol.dispose]();
  }
}
