import { check } from "./errno.ts";
import { libc } from "./libc.ts";
import { CLOCK_MONOTONIC } from "./linux.ts";

/** struct timespec { time_t tv_sec; long tv_nsec; }: 64 bits each on x86-64 and arm64. */
const timespec = new BigInt64Array(new ArrayBuffer(16));

/** Microseconds of CLOCK_MONOTONIC, the same number for every process of this host. @throws {SystemError} */
export function monotonicMicroseconds(): bigint {
  check(libc().clock_gettime(CLOCK_MONOTONIC, timespec), "clock_gettime", "read clock");
  const [seconds = 0n, nanoseconds = 0n] = timespec;
  return seconds * 1_000_000n + nanoseconds / 1000n;
}
