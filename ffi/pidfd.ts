import { check } from "./errno.ts";
import { Descriptor } from "./fd.ts";
import { libc } from "./libc.ts";
import * as linux from "./linux.ts";

/**
 * Opens a reference to a process, which stays its own even when the number is given to another one. Linux 5.3.
 *
 * @throws {SystemError} ESRCH if there is no such process, ENOSYS if the kernel is older or seccomp says so, EPERM
 *   from seccomp only.
 */
export function openPidfd(pid: number): Descriptor {
  const result = libc().pidfd_open(linux.SYS_PIDFD_OPEN, pid, 0);
  return new Descriptor(check(result, "pidfd_open", () => `open process ${pid}`));
}

/**
 * Copies a descriptor of another process: both mean the same open file from then on, which lives until the last copy
 * is closed. Linux 5.6.
 *
 * @param fd Its number there. The copy has another one, and no program we start inherits it.
 * @throws {SystemError} EBADF if it is not open there, ESRCH if the process is gone, EPERM without the right to
 *   ptrace it, ENOSYS if the kernel is older or seccomp says so.
 */
export function copyDescriptor(pidfd: Descriptor, fd: number): Descriptor {
  const result = libc().pidfd_getfd(linux.SYS_PIDFD_GETFD, pidfd.number, fd, 0);
  return new Descriptor(check(result, "pidfd_getfd", () => `copy descriptor ${fd} of another process`));
}
