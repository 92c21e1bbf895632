import type { Endpoint } from "../core/endpoint.ts";
import { formatEndpoint } from "../core/endpoint.ts";
import { PortholeError } from "../core/errors.ts";
import type { Protocol } from "../core/mapping.ts";

/** What seeing other processes needs. */
export type SightCapability = "CAP_SYS_PTRACE" | "CAP_DAC_READ_SEARCH";

/** Why the port of a service could not be shared. */
export type ShareRefusal =
  /** No socket of the port is listed: it is bound and neither listens nor is connected. */
  | { readonly kind: "no-row" }
  /** A socket of our own process has it. */
  | { readonly kind: "own-socket" }
  /** The process is hidden from us. */
  | {
    readonly kind: "owner-hidden";
    readonly inode: number;
    readonly uid: number;
    /**
     * What we lack of what seeing it needs; empty where a security module, a user namespace or more capabilities than
     * ours hide some process, so that it may be the kernel's socket as well.
     */
    readonly missing: readonly SightCapability[];
  }
  /** Nothing is hidden from us, but we are in a pid namespace (container) and the process is outside. */
  | { readonly kind: "other-namespace"; readonly inode: number; readonly uid: number }
  /** We see every process, and none has it: WireGuard, NFS, … */
  | { readonly kind: "kernel-socket"; readonly inode: number }
  /** pidfd_getfd() needs Linux 5.6. */
  | { readonly kind: "kernel-too-old"; readonly release: string }
  /** A filter of system calls (container) forbids it. */
  | { readonly kind: "seccomp"; readonly call: string }
  /** We see the process, but may not copy its descriptors. */
  | {
    readonly kind: "ptrace-refused";
    readonly pid: number;
    readonly comm: string;
    /** kernel.yama.ptrace_scope, where the kernel has Yama. */
    readonly ptraceScope: number | undefined;
  }
  /** Neither fchown() nor setfsuid() may give our socket to the service's user. */
  | { readonly kind: "uid"; readonly uid: number }
  /** Our user namespace has no such user. */
  | { readonly kind: "unmapped-uid"; readonly uid: number }
  /** Services of several users hold the port on several addresses, and one socket cannot be all of theirs. */
  | { readonly kind: "mixed-uids"; readonly uids: readonly number[] }
  /** Closed connections of a service that does not set SO_REUSEADDR; they did not go in time. */
  | { readonly kind: "time-wait"; readonly count: number }
  /** The service came, went or changed while we looked. */
  | { readonly kind: "unsettled" }
  /** Everything found was made shareable, and the kernel refuses all the same. */
  | { readonly kind: "still-in-use" };

/** The port of a service could not be shared. Is the `cause` of the kernel's EADDRINUSE. */
export class PortShareError extends PortholeError {
  /** Name of the class. */
  override readonly name = "PortShareError";
  /** For programs. */
  override readonly code = "port_share";
  /** Transport of the port. */
  readonly protocol: Protocol;
  /** What was to be bound. */
  readonly local: Endpoint;
  /** Why not. */
  readonly reason: ShareRefusal;

  /** `reason` is why not. */
  constructor(port: { readonly protocol: Protocol; readonly local: Endpoint }, reason: ShareRefusal) {
    const { protocol, local } = port;
    super(`Cannot share ${protocol} port ${formatEndpoint(local)}: ${describeRefusal(reason)}`);
    this.protocol = protocol;
    this.local = local;
    this.reason = reason;
  }
}

/** The reason and its cure, in one line of English. */
export function describeRefusal(reason: ShareRefusal): string {
  switch (reason.kind) {
    case "no-row":
      return "no socket of it is listed; another program has bound it and does not listen yet";
    case "own-socket":
      return "another tunnel of this process serves it";
    case "owner-hidden":
      return `it is held by inode ${reason.inode} (uid ${reason.uid}), whose process is not visible; ${
        sightCure(reason.missing)
      }`;
    case "other-namespace":
      return `it is held by inode ${reason.inode} (uid ${reason.uid}), whose process is outside of this container; ` +
        "start the container with --pid host --cap-add SYS_PTRACE";
    case "kernel-socket":
      return `the kernel itself holds it (inode ${reason.inode}; WireGuard, NFS, …) and has no descriptor to share`;
    case "kernel-too-old":
      return `Linux ${reason.release} has no pidfd_getfd; it came with Linux 5.6`;
    case "seccomp":
      return `seccomp forbids ${reason.call}; allow it in the container's profile`;
    case "ptrace-refused":
      return `copying descriptors of process ${reason.pid} (${reason.comm}) is refused by ptrace policy (${
        reason.ptraceScope === undefined
          ? "security module or seccomp"
          : `yama.ptrace_scope is ${reason.ptraceScope}`
      }); ${
        reason.ptraceScope === 3 ? "3 refuses everybody until the next boot" : "it takes CAP_SYS_PTRACE"
      }`;
    case "uid":
      return `it is held by a socket of uid ${reason.uid}; ours needs CAP_CHOWN or CAP_SETUID to belong to it`;
    case "unmapped-uid":
      return `uid ${reason.uid} is not mapped in this user namespace`;
    case "mixed-uids":
      return `sockets of several users (uid ${reason.uids.join(", ")}) hold it; bind one address only`;
    case "time-wait":
      return `${reason.count} closed connections of the service still hold it (TIME_WAIT); try again in a minute`;
    case "unsettled":
      return "the service on it was just starting or ending; try again";
    case "still-in-use":
      return "the kernel refuses although all its sockets were made shareable";
  }
}

function sightCure(missing: readonly SightCapability[]): string {
  const cure = "(container: --pid host --cap-add SYS_PTRACE)";
  if (missing.length === 0) {
    return `a security module, a user namespace or more rights than ours hide it ${cure}, or it is the kernel's own`;
  }
  return `run as root or with ${missing.join(" + ")} ${cure}`;
}
