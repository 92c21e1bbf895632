import type { ProcFiles } from "./proc_files.ts";
import type { SightCapability } from "./share_refusal.ts";

/** What decides whether the sockets of other processes can be seen and copied. */
export interface OwnRights {
  /** What we lack of what seeing every process needs. */
  readonly missing: readonly SightCapability[];
  /** Processes outside of our pid namespace may exist. */
  readonly isContained: boolean;
  /** Of the kernel: `"6.18.44"`. */
  readonly release: string;
  /** kernel.yama.ptrace_scope, where the kernel has Yama. */
  readonly ptraceScope: number | undefined;
}

/** <linux/capability.h>. */
const CAP_DAC_OVERRIDE = 1n;
const CAP_DAC_READ_SEARCH = 2n;
const CAP_SYS_PTRACE = 19n;

/** <linux/proc_ns.h>, PROC_PID_INIT_INO: the pid namespace that the machine booted with. */
const FIRST_PID_NAMESPACE = "pid:[4026531836]";

/** Reads what we may do; what cannot be read counts as not restricted. */
export async function readOwnRights(files: ProcFiles): Promise<OwnRights> {
  const [status, namespace, release, scope] = await Promise.all([
    orEmpty(files.readText("/proc/self/status")),
    orEmpty(files.readLink("/proc/self/ns/pid")),
    orEmpty(files.readText("/proc/sys/kernel/osrelease")),
    orEmpty(files.readText("/proc/sys/kernel/yama/ptrace_scope")),
  ]);
  return {
    missing: missingOf(status),
    isContained: namespace !== "" && namespace !== FIRST_PID_NAMESPACE,
    release: release.trim() || "?",
    ptraceScope: /^\d+\s*$/.test(scope) ? Number(scope) : undefined,
  };
}

async function orEmpty(text: Promise<string>): Promise<string> {
  try {
    return await text;
  } catch {
    return ""; // not on this kernel, or not for us
  }
}

function missingOf(status: string): readonly SightCapability[] {
  const [, digits] = /^CapEff:\s*([0-9a-fA-F]+)\s*$/m.exec(status) ?? [];
  if (digits === undefined) return [];
  const mask = BigInt(`0x${digits}`);
  const has = (bit: bigint): boolean => ((mask >> bit) & 1n) === 1n;
  const missing: SightCapability[] = [];
  if (!has(CAP_SYS_PTRACE)) missing.push("CAP_SYS_PTRACE");
  if (!has(CAP_DAC_READ_SEARCH) && !has(CAP_DAC_OVERRIDE)) missing.push("CAP_DAC_READ_SEARCH");
  return missing;
}

/** Whether this release of Linux has pidfd_getfd(); an unreadable one counts as new. */
export function hasPidfdGetfd(release: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  if (major === undefined || minor === undefined) return true;
  return Number(major) > 5 || (Number(major) === 5 && Number(minor) >= 6);
}
