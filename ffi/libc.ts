/**
 * The symbol table. `int` is i32; `size_t` is usize. Results of type `ssize_t` are declared i32: no length here
 * reaches 2^31, both ABIs return it in a register whose low half is that number, and i64 would make every
 * received datagram cost a bigint.
 */
const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  strerror: { parameters: [/* int errnum */ "i32"], result: "pointer" },
  socket: {
    parameters: [/* int domain */ "i32", /* int type */ "i32", /* int protocol */ "i32"],
    result: "i32",
  },
  bind: {
    parameters: [
      /* int sockfd */ "i32",
      /* const struct sockaddr *addr */ "buffer",
      /* socklen_t addrlen */ "u32",
    ],
    result: "i32",
  },
  listen: { parameters: [/* int sockfd */ "i32", /* int backlog */ "i32"], result: "i32" },
  accept4: {
    parameters: [
      /* int sockfd */ "i32",
      /* struct sockaddr *addr */ "buffer",
      /* socklen_t *addrlen */ "buffer",
      /* int flags */ "i32",
    ],
    result: "i32",
  },
  connect: {
    parameters: [
      /* int sockfd */ "i32",
      /* const struct sockaddr *addr */ "buffer",
      /* socklen_t addrlen */ "u32",
    ],
    result: "i32",
  },
  shutdown: { parameters: [/* int sockfd */ "i32", /* int how */ "i32"], result: "i32" },
  madvise: {
    parameters: [/* void *addr */ "usize", /* size_t length */ "usize", /* int advice */ "i32"],
    result: "i32",
  },
  malloc_trim: { parameters: [/* size_t pad */ "usize"], result: "i32" },
  getsockname: {
    parameters: [
      /* int sockfd */ "i32",
      /* struct sockaddr *addr */ "buffer",
      /* socklen_t *addrlen */ "buffer",
    ],
    result: "i32",
  },
  getpeername: {
    parameters: [
      /* int sockfd */ "i32",
      /* struct sockaddr *addr */ "buffer",
      /* socklen_t *addrlen */ "buffer",
    ],
    result: "i32",
  },
  setsockopt: {
    parameters: [
      /* int sockfd */ "i32",
      /* int level */ "i32",
      /* int optname */ "i32",
      /* const void *optval */ "buffer",
      /* socklen_t optlen */ "u32",
    ],
    result: "i32",
  },
  getsockopt: {
    parameters: [
      /* int sockfd */ "i32",
      /* int level */ "i32",
      /* int optname */ "i32",
      /* void *optval */ "buffer",
      /* socklen_t *optlen */ "buffer",
    ],
    result: "i32",
  },
  send: {
    parameters: [
      /* int sockfd */ "i32",
      /* const void *buf */ "buffer",
      /* size_t len */ "usize",
      /* int flags */ "i32",
    ],
    result: "i32", // ssize_t
  },
  sendto: {
    parameters: [
      /* int sockfd */ "i32",
      /* const void *buf */ "buffer",
      /* size_t len */ "usize",
      /* int flags */ "i32",
      /* const struct sockaddr *dest_addr */ "buffer",
      /* socklen_t addrlen */ "u32",
    ],
    result: "i32", // ssize_t
  },
  recv: {
    parameters: [
      /* int sockfd */ "i32",
      /* void *buf */ "buffer",
      /* size_t len */ "usize",
      /* int flags */ "i32",
    ],
    result: "i32", // ssize_t
  },
  recvfrom: {
    parameters: [
      /* int sockfd */ "i32",
      /* void *buf */ "buffer",
      /* size_t len */ "usize",
      /* int flags */ "i32",
      /* struct sockaddr *src_addr */ "buffer",
      /* socklen_t *addrlen */ "buffer",
    ],
    result: "i32", // ssize_t
  },
  read: {
    parameters: [/* int fd */ "i32", /* void *buf */ "buffer", /* size_t count */ "usize"],
    result: "i32", // ssize_t
  },
  write: {
    parameters: [/* int fd */ "i32", /* const void *buf */ "buffer", /* size_t count */ "usize"],
    result: "i32", // ssize_t
  },
  recv_u32: {
    name: "recv", // for the data plane: a number for `size_t` costs 150 ns more than one for u32
    parameters: [
      /* int sockfd */ "i32",
      /* void *buf */ "buffer",
      /* size_t len */ "u32",
      /* int flags */ "i32",
    ],
    result: "i32", // ssize_t
  },
  send_u32: {
    name: "send",
    parameters: [
      /* int sockfd */ "i32",
      /* const void *buf */ "buffer",
      /* size_t len */ "u32",
      /* int flags */ "i32",
    ],
    result: "i32", // ssize_t
  },
  splice: {
    parameters: [
      /* int fd_in */ "i32",
      /* off_t *off_in */ "pointer",
      /* int fd_out */ "i32",
      /* off_t *off_out */ "pointer",
      /* size_t size */ "u32",
      /* unsigned int flags */ "u32",
    ],
    result: "i32", // ssize_t
  },
  pipe2: { parameters: [/* int pipefd[2] */ "buffer", /* int flags */ "i32"], result: "i32" },
  fcntl: { parameters: [/* int fd */ "i32", /* int op */ "i32", /* int arg */ "i32"], result: "i32" },
  fchown: {
    parameters: [/* int fd */ "i32", /* uid_t owner */ "u32", /* gid_t group */ "u32"],
    result: "i32",
  },
  setfsuid: { parameters: [/* uid_t fsuid */ "u32"], result: "i32" },
  pidfd_open: {
    name: "syscall", // glibc has a wrapper of its own only since 2.36
    parameters: [/* long number */ "isize", /* pid_t pid */ "i32", /* unsigned int flags */ "u32"],
    result: "i32", // long
  },
  pidfd_getfd: {
    name: "syscall",
    parameters: [
      /* long number */ "isize",
      /* int pidfd */ "i32",
      /* int targetfd */ "i32",
      /* unsigned int flags */ "u32",
    ],
    result: "i32", // long
  },
  getrlimit: {
    parameters: [/* int resource */ "i32", /* struct rlimit *rlim */ "buffer"],
    result: "i32",
  },
  setrlimit: {
    parameters: [/* int resource */ "i32", /* const struct rlimit *rlim */ "buffer"],
    result: "i32",
  },
  close: { parameters: [/* int fd */ "i32"], result: "i32" },
  clock_gettime: {
    parameters: [/* clockid_t clockid */ "i32", /* struct timespec *tp */ "buffer"],
    result: "i32",
  },
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
  epoll_wait_parked: {
    name: "epoll_wait",
    parameters: [
      /* int epfd */ "i32",
      /* struct epoll_event *events */ "buffer",
      /* int maxevents */ "i32",
      /* int timeout */ "i32",
    ],
    result: "i32",
    nonblocking: true, // waits on a pool thread; its errno is lost there
  },
  eventfd: { parameters: [/* unsigned int initval */ "u32", /* int flags */ "i32"], result: "i32" },
  if_nametoindex: { parameters: [/* const char *ifname */ "buffer"], result: "u32" },
  if_indextoname: {
    parameters: [/* unsigned int ifindex */ "u32", /* char *ifname */ "buffer"],
    result: "pointer",
  },
} as const; // Deno.dlopen() checks it; with `satisfies` isolated declarations could not name its type

/** The functions of libc, by their C names; errno has to be read before anything else is called. */
export type LibcSymbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

interface Loaded {
  readonly library: Deno.DynamicLibrary<typeof SYMBOLS>;
  /** Mapped once: 4 ns a read, where `UnsafePointerView` takes 50. The place is this thread's and lives as long. */
  readonly errno: Int32Array;
}

/** Each worker evaluates this module by itself, so this is one library per thread, as errno is. */
let loaded: Loaded | undefined;
let holders = 0;

function load(): Loaded {
  const library = Deno.dlopen("libc.so.6", SYMBOLS);
  const location = library.symbols.__errno_location();
  if (location === null) {
    library.close();
    throw new Error("Cannot load libc: it has no errno");
  }
  const errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  return loaded = { library, errno };
}

/** The functions of glibc, loaded by the first call; importing this module loads nothing. */
export function libc(): LibcSymbols {
  return (loaded ?? load()).library.symbols;
}

/** errno of this thread: right only immediately after a synchronous call that failed. */
export function lastErrno(): number {
  return (loaded ?? load()).errno[0] ?? 0;
}

/** The C library's own words for an error number. */
export function describeErrno(errno: number): string {
  const text = libc().strerror(errno);
  return text === null ? `error ${errno}` : new Deno.UnsafePointerView(text).getCString();
}

/**
 * Loads libc now and keeps it; it is unloaded when the last holder lets go, so that nothing remains of it.
 *
 * @throws {Error} If there is no glibc, or no permission for FFI.
 */
export function holdLibc(): Disposable {
  if (loaded === undefined) load();
  holders++;
  let isHeld = true;
  return {
    [Symbol.dispose](): void {
      if (!isHeld) return;
      isHeld = false;
      if (--holders > 0) return;
      loaded?.library.close();
      loaded = undefined;
    },
  };
}
