import { libc } from "./libc.ts";

/** <bits/mman-linux.h>. */
const MADV_DONTNEED = 4;

/**
 * Unmaps pages of programs and libraries, code and constants; the kernel keeps them cached while memory is plentiful and
 * maps each again when it is needed. Only mappings of a file count that cannot be written and of which no page is a copy
 * of the process's own, so nothing can be lost.
 *
 * @param smaps What /proc/self/smaps says.
 * @returns How many mappings the kernel let go.
 */
export function releaseFilePages(smaps: string): number {
  let released = 0;
  for (const [, start = "", end = "", rest = ""] of smaps.matchAll(MAPPING)) {
    if (!/^Anonymous: +0 kB$/m.test(rest) || /^Rss: +0 kB$/m.test(rest)) continue;
    const from = BigInt(`0x${start}`);
    // A mapping that went meanwhile is refused, which is as good.
    if (libc().madvise(from, BigInt(`0x${end}`) - from, MADV_DONTNEED) === 0) released++;
  }
  return released;
}

/** Gives free memory of the C library's heap back to the kernel (glibc, malloc_trim(3)). */
export function releaseHeap(): void {
  libc().malloc_trim(0n);
}

/** A private, read-only mapping of a file as in proc(5), with the lines about it: `start-end r-xp offset device inode path`. */
const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) r-[-x]p [0-9a-f]+ \S+ [1-9]\d* +\/.*\n((?:[A-Z].*\n?)*)/gm;
