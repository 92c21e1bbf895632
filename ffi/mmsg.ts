import { holdLibc } from "./libc.ts";

/** A table of its own: only the Worker that relays UDP loads it. Lengths are u32 as in the data plane's others. */
const SYMBOLS = {
  recvmmsg: {
    parameters: [
      /* int sockfd */ "i32",
      /* struct mmsghdr *msgvec */ "pointer",
      /* unsigned int vlen */ "u32",
      /* int flags */ "i32",
      /* struct timespec *timeout */ "pointer",
    ],
    result: "i32",
  },
  sendmmsg: {
    parameters: [
      /* int sockfd */ "i32",
      /* struct mmsghdr *msgvec */ "pointer",
      /* unsigned int vlen */ "u32",
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
    result: "i32", // ssize_t
  },
} as const;

// <bits/socket.h>
/** One call does not wait. */
export const MSG_DONTWAIT = 0x40;
// <netinet/udp.h>, <linux/udp.h>
/** Level of UDP options and control messages. */
export const SOL_UDP = 17;
/** Control message: have the kernel cut what is sent. */
export const UDP_SEGMENT = 103;
/** Option and control message: have the kernel join what is received. */
export const UDP_GRO = 104;

/**
 * Layouts in 32-bit words; x86-64 and arm64 have the same (LP64). struct mmsghdr { struct msghdr { void *name 0;
 * socklen_t namelen 2; struct iovec *iov 4; size_t iovlen 6; void *control 8; size_t controllen 10; int flags 12 };
 * unsigned int len 14 }; struct iovec { void *base 0; size_t len 2 }; struct cmsghdr { size_t len 0; int level 2;
 * int type 3 }, its data at 4.
 */
export const HEADER_WORDS = 16;
/** Words of struct iovec. */
export const IOVEC_WORDS = 4;
/** Words kept for struct cmsghdr and its data. */
export const CONTROL_WORDS = 8;
/** CMSG_SPACE(4), also CMSG_SPACE(2). */
export const CONTROL_BYTES = 24;

/** A sockaddr as 32-bit words; the first half word is the family, the second the port in network order. */
export const PEER_WORDS = 8;
/** The calls that move many datagrams at once. Disposing unloads them. */
export class MmsgLibrary implements Disposable {
  /** By their C names. */
  readonly symbols: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  readonly #close: () => void;

  private constructor(library: Deno.DynamicLibrary<typeof SYMBOLS>, libc: Disposable) {
    this.symbols = library.symbols;
    this.#close = (): void => {
      library.close();
      libc[Symbol.dispose]();
    };
  }

  /** @throws {Error} If there is no glibc, or no permission for FFI. */
  static open(): MmsgLibrary {
    using rollback = new DisposableStack();
    const libc = rollback.use(holdLibc()); // errno is read through it
    const library = new MmsgLibrary(Deno.dlopen("libc.so.6", SYMBOLS), libc);
    rollback.move();
    return library;
  }

  [Symbol.dispose](): void {
    this.#close();
  }
}

/** Memory the kernel reads and writes: it is outside the heap that the collector moves things in. */
export class KernelWords {
  readonly words: Uint32Array<ArrayBuffer>;
  /** Of the first word. */
  readonly address: number;

  /** Zeros. */
  constructor(words: number) {
    this.words = new Uint32Array(new ArrayBuffer(Math.max(words * 4, 128)));
    this.address = addressOf(this.words);
  }

  /** Writes a pointer into two words. */
  setPointer(word: number, address: number): void {
    this.words[word] = address; // modulo 2^32
    this.words[word + 1] = Math.floor(address / 2 ** 32);
  }
}

/** Where the kernel finds it; user addresses are below 2^52 on both architectures. */
export function addressOf(data: Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): number {
  return Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(data)));
}

/** A pointer to each struct mmsghdr. */
export function headerPointers(headers: KernelWords, count: number): readonly Deno.PointerValue[] {
  return Array.from(
    { length: count },
    (_, i) => Deno.UnsafePointer.of(headers.words.subarray(i * HEADER_WORDS, (i + 1) * HEADER_WORDS)),
  );
}
