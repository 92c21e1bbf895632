import { SHUT_WR } from "./linux.ts";

const SYMBOLS = {
  open: { parameters: [/* const char *path */ "buffer", /* int flags */ "i32"], result: "i32" },
  dup2: { parameters: [/* int oldfd */ "i32", /* int newfd */ "i32"], result: "i32" },
  close: { parameters: [/* int fd */ "i32"], result: "i32" },
  shutdown: { parameters: [/* int fd */ "i32", /* int how */ "i32"], result: "i32" },
} as const;

// <asm-generic/fcntl.h>
const O_WRONLY = 1;
const STDOUT = 1;
const STDERR = 2;

/**
 * Ends our side of the pipe or socket that stdout is, so that its reader sees the end while this process lives on. The
 * runtime holds a duplicate of every standard stream (Deno 2.9.5), which is why closing number 1 is not enough: every
 * duplicate is made one of /dev/null instead. What is written to stdout afterwards is lost.
 *
 * @returns Whether the reader sees an end, or there is none to see it (a file, a terminal). Not where stderr goes to the
 *   same place: its end is the process's.
 * @throws {Error} If there is no glibc, or no permission for FFI.
 */
export function endStdout(): boolean {
  const kind = linkOf(STDOUT)?.split(":")[0];
  if (kind !== "pipe" && kind !== "socket") return true;
  if (linkOf(STDERR) === linkOf(STDOUT)) return false;
  const library = Deno.dlopen("libc.so.6", SYMBOLS);
  try {
    return kind === "socket"
      ? library.symbols.shutdown(STDOUT, SHUT_WR) === 0
      : muteDuplicates(library.symbols);
  } finally {
    library.close();
  }
}

function muteDuplicates(
  { open, dup2, close }: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"],
): boolean {
  const link = linkOf(STDOUT);
  const duplicates = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name))
    .filter((fd) => fd !== 0 && linkOf(fd) === link);
  const nowhere = open(new TextEncoder().encode("/dev/null\0"), O_WRONLY);
  if (nowhere < 0) return false;
  const isDone = duplicates.every((fd) => dup2(nowhere, fd) === fd);
  close(nowhere);
  return isDone;
}

/** What a descriptor is, as in `pipe:[12345]`. */
function linkOf(fd: number): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // Closed, or the one the folder itself was read by.
    return undefined;
  }
}
