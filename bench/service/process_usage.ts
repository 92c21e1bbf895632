/** What `/proc` says of a process. */
export interface ProcessUsage {
  readonly rssMb: number;
  /** User and system time of all its threads so far, in milliseconds; clock ticks, so in steps of 10. */
  readonly cpuMs: number;
}

/** Clock ticks a second: what the kernel tells user space on every architecture (USER_HZ). */
const TICKS_PER_SECOND = 100;

/**
 * Reads it.
 *
 * @throws {Deno.errors.NotFound} If there is no such process.
 */
export function usageOf(pid: number): ProcessUsage {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything; utime and stime are the 14th and 15th field (proc(5)).
  const [utime = NaN, stime = NaN] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13).map(
    Number,
  );
  return {
    rssMb: Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1000,
    cpuMs: (utime + stime) / TICKS_PER_SECOND * 1000,
  };
}
