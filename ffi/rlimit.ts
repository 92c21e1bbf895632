import { check } from "./errno.ts";
import { libc } from "./libc.ts";
import { RLIMIT_NOFILE } from "./linux.ts";

/** RLIMIT_NOFILE of this process. */
export interface DescriptorLimit {
  /** What counts now; Infinity for RLIM_INFINITY. */
  readonly soft: number;
  /** What it may be raised to. */
  readonly hard: number;
}

/** Reads the limit. @throws {SystemError} */
export function descriptorLimit(): DescriptorLimit {
  const limit = new BigUint64Array(new ArrayBuffer(16)); // struct rlimit { rlim_t rlim_cur, rlim_max; }
  check(libc().getrlimit(RLIMIT_NOFILE, limit), "getrlimit", "read RLIMIT_NOFILE");
  return { soft: toNumber(limit[0]), hard: toNumber(limit[1]) };
}

/**
 * Raises the soft limit towards `wanted`, as far as the hard limit allows; never lowers it. It counts for the whole
 * process and for what it starts.
 *
 * @returns The soft limit now.
 * @throws {SystemError}
 */
export function raiseDescriptorLimit(wanted: number): number {
  const { soft, hard } = descriptorLimit();
  const next = Math.min(wanted, hard);
  if (next <= soft) return soft;
  const limit = BigUint64Array.of(BigInt(next), hard === Infinity ? RLIM_INFINITY : BigInt(hard));
  check(libc().setrlimit(RLIMIT_NOFILE, limit), "setrlimit", () => `raise RLIMIT_NOFILE to ${next}`);
  return next;
}

const RLIM_INFINITY = 2n ** 64n - 1n;

function toNumber(value: bigint | undefined): number {
  return value === undefined || value === RLIM_INFINITY ? Infinity : Number(value);
}
