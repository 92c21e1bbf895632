/**
 * The calls of libc that only load tools need: blocking waits, sleeping, bursts of datagrams. They are apart from
 * ffi/ so that a fault of the forwarder's calls cannot hide in the tools that measure them.
 *
 * @module
 */
import { EpollEvents } from "../../../ffi/mod.ts";

const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  recv: {
    parameters: [
      /* int sockfd */ "i32",
      /* void *buf */ "buffer",
      /* size_t len */ "u32",
      /* int flags */ "i32",
    ],
    result: "i32",
  },
  send: {
    parameters: [
      /* int sockfd */ "i32",
      /* const void *buf */ "buffer",
      /* size_t len */ "u32",
      /* int flags */ "i32",
    ],
    result: "i32",
  },
  recvmmsg: {
    parameters: [
      /* int sockfd */ "i32",
      /* struct mmsghdr *msgvec */ "buffer",
      /* unsigned int vlen */ "u32",
      /* int flags */ "i32",
      /* struct timespec *timeout */ "pointer",
    ],
    result: "i32",
  },
  sendmmsg: {
    parameters: [
      /* int sockfd */ "i32",
      /* struct mmsghdr *msgvec */ "buffer",
      /* unsigned int vlen */ "u32",
      /* int flags */ "i32",
    ],
    result: "i32",
  },
  poll: {
    parameters: [
      /* struct pollfd *fds */ "buffer",
      /* nfds_t nfds */ "u32",
      /* int timeout */ "i32",
    ],
    result: "i32",
  },
  close: { parameters: [/* int fd */ "i32"], result: "i32" },
  usleep: { parameters: [/* useconds_t usec */ "u32"], result: "i32" },
  epoll_create1: { parameters: [/* int flags */ "i32"], result: "i32" },
  epoll_ctl: {
    parameters: [
      /* int epfd */ "i32",
      /* int op */ "i32",
      /* int fd */ "i32",
      /* struct epoll_event *event */ "buffer",
    ],
    result: "i32",
  },
  epoll_wait: {
    parameters: [
      /* int epfd */ "i32",
      /* struct epoll_event *events */ "buffer",
      /* int maxevents */ "i32",
      /* int timeout */ "i32",
    ],
    result: "i32",
  },
} as const;

const { symbols: libc } = Deno.dlopen("libc.so.6", SYMBOLS);
const errnoLocation = libc.__errno_location();
if (errnoLocation === null) throw new Error("Cannot load libc: it has no errno");
const errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(errnoLocation, 4));

/** Both architectures are little-endian: for DataView. */
const LITTLE_ENDIAN = true;
const MSG_NOSIGNAL = 0x4000;
const EPOLL_CLOEXEC = 0o2000000;
const POLLIN = 1;
const POLLOUT = 4;

/** Receives into a buffer. @returns Bytes, or the negative errno. */
export function receiveInto(fd: number, buffer: Uint8Array<ArrayBuffer>): number {
  const count = libc.recv(fd, buffer, buffer.length, 0);
  return count >= 0 ? count : -(errno[0] ?? 0);
}

/** Sends from a buffer. @returns Bytes taken, or the negative errno. */
export function sendFrom(fd: number, buffer: Uint8Array<ArrayBuffer>): number {
  const count = libc.send(fd, buffer, buffer.length, MSG_NOSIGNAL);
  return count >= 0 ? count : -(errno[0] ?? 0);
}

/** Sleeps; the kernel adds some 60 µs. */
export function sleepMicroseconds(microseconds: number): void {
  libc.usleep(microseconds);
}

const pollBuffer = new Int32Array(new ArrayBuffer(8));

function pollOne(fd: number, events: number, timeoutMs: number): boolean {
  pollBuffer[0] = fd;
  pollBuffer[1] = events; // struct pollfd { int fd; short events; short revents; }
  return libc.poll(pollBuffer, 1, timeoutMs) > 0;
}

/** Blocks until a descriptor is readable or at its end. @returns `false` if time ran out. */
export function waitReadable(fd: number, timeoutMs: number): boolean {
  return pollOne(fd, POLLIN, timeoutMs);
}

/** Blocks until a descriptor takes bytes, or failed. @returns `false` if time ran out. */
export function waitWritable(fd: number, timeoutMs: number): boolean {
  return pollOne(fd, POLLOUT, timeoutMs);
}

/** An epoll set whose wait blocks the thread. Disposing closes it. */
export class BlockingEpoll implements Disposable {
  readonly #fd = libc.epoll_create1(EPOLL_CLOEXEC);
  readonly #scratch = new EpollEvents(1);
  readonly #events = new EpollEvents(256);

  /** Watches a descriptor, level-triggered; its number is its id. */
  add(fd: number, events: number): void {
    this.#control(1, fd, events);
  }

  /** Watches for something else. */
  change(fd: number, events: number): void {
    this.#control(3, fd, events);
  }

  #control(operation: number, fd: number, events: number): void {
    this.#scratch.set(0, events, fd);
    if (libc.epoll_ctl(this.#fd, operation, fd, this.#scratch.bytes) < 0) {
      throw new Error(`Cannot watch descriptor ${fd}: errno ${errno[0]}`);
    }
  }

  /** Blocks, then calls back for each descriptor that is ready. @param timeoutMs -1 waits for ever. */
  wait(timeoutMs: number, onReady: (fd: number, events: number) => void): void {
    const count = libc.epoll_wait(this.#fd, this.#events.bytes, this.#events.capacity, timeoutMs);
    for (let i = 0; i < count; i++) onReady(this.#events.idAt(i), this.#events.eventsAt(i));
  }

  [Symbol.dispose](): void {
    libc.close(this.#fd);
  }
}

/** sizeof(struct mmsghdr), 64-bit: msghdr of 56 bytes, msg_len, padding. */
const MMSGHDR_BYTES = 64;
const IOVEC_BYTES = 16;

/** A burst of datagrams for a connected socket, or room for one; written once, used again and again. */
export class DatagramBurst {
  readonly #headers: Uint8Array<ArrayBuffer>;
  readonly #iovecs: Uint8Array<ArrayBuffer>;
  readonly #payload: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  /** How many datagrams. */
  readonly count: number;

  /** @param datagramBytes Size of each slot, and of each datagram that is sent. */
  constructor(count: number, datagramBytes: number) {
    this.count = count;
    this.#headers = new Uint8Array(new ArrayBuffer(count * MMSGHDR_BYTES));
    this.#iovecs = new Uint8Array(new ArrayBuffer(count * IOVEC_BYTES));
    this.#payload = new Uint8Array(new ArrayBuffer(Math.max(8, count * datagramBytes))).fill(0x70);
    this.#view = new DataView(this.#headers.buffer);
    const iovecs = new DataView(this.#iovecs.buffer);
    const payloadAt = addressOf(this.#payload);
    const iovecsAt = addressOf(this.#iovecs);
    for (let i = 0; i < count; i++) {
      iovecs.setBigUint64(i * IOVEC_BYTES, payloadAt + BigInt(i * datagramBytes), LITTLE_ENDIAN);
      iovecs.setBigUint64(i * IOVEC_BYTES + 8, BigInt(datagramBytes), LITTLE_ENDIAN);
      // msg_name, msg_namelen: 0; msg_iov at 16, msg_iovlen at 24.
      this.#view.setBigUint64(i * MMSGHDR_BYTES + 16, iovecsAt + BigInt(i * IOVEC_BYTES), LITTLE_ENDIAN);
      this.#view.setBigUint64(i * MMSGHDR_BYTES + 24, 1n, LITTLE_ENDIAN);
    }
  }

  /** Sends the first `count` datagrams. @returns How many the kernel took, or the negative errno. */
  send(fd: number, count: number = this.count): number {
    const sent = libc.sendmmsg(fd, this.#headers, count, MSG_NOSIGNAL);
    return sent >= 0 ? sent : -(errno[0] ?? 0);
  }

  /** Receives what is there, up to `count`. @returns How many, or the negative errno. */
  receive(fd: number): number {
    const got = libc.recvmmsg(fd, this.#headers, this.count, 0, null);
    return got >= 0 ? got : -(errno[0] ?? 0);
  }

  /** Bytes of a datagram that was received. */
  lengthAt(index: number): number {
    return this.#view.getUint32(index * MMSGHDR_BYTES + 56, LITTLE_ENDIAN);
  }
}

function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}
