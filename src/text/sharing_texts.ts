/** Why the port of a running service could not be shared, by kind of reason, and the cures; one line each. */
export interface SharingTexts {
  readonly noRow: string;
  readonly ownSocket: string;
  /** A cure follows. */
  readonly ownerHidden: (inode: number, uid: number) => string;
  /** Cure where capabilities are missing, which are named. */
  readonly sightNeeds: (capabilities: string) => string;
  /** Cure where none is. */
  readonly sightHidden: string;
  readonly otherNamespace: (inode: number, uid: number) => string;
  readonly kernelSocket: (inode: number) => string;
  readonly kernelTooOld: (release: string) => string;
  readonly seccomp: (call: string) => string;
  /** A cure follows. */
  readonly ptraceRefused: (comm: string, pid: number) => string;
  /** Cure where kernel.yama.ptrace_scope forbids it. */
  readonly ptraceScope: (scope: number) => string;
  /** The same where that forbids it to everybody. */
  readonly ptraceNever: string;
  /** Cure where the kernel has no such setting. */
  readonly ptracePolicy: string;
  readonly uid: (uid: number) => string;
  readonly unmappedUid: (uid: number) => string;
  readonly mixedUids: (uids: string) => string;
  readonly timeWait: (count: number) => string;
  readonly unsettled: string;
  readonly stillInUse: string;
  /** The command that needs no sharing. */
  readonly forward: (command: string) => string;
}

/** English. */
export const sharingEn: SharingTexts = {
  noRow: "a program has bound the port and does not listen on it yet; start its service, or stop it",
  ownSocket: "another tunnel of this porthole serves the port; give one of them another port",
  ownerHidden: (inode, uid) =>
    `the port is held by socket ${inode} of uid ${uid}, whose process is not visible`,
  sightNeeds: (capabilities) =>
    `run as root or with ${capabilities} (container: --pid host --cap-add SYS_PTRACE)`,
  sightHidden: "a security module or a user namespace hides it (container: --pid host --cap-add SYS_PTRACE)",
  otherNamespace: (inode, uid) =>
    `the port is held by socket ${inode} of uid ${uid}, whose process is outside of this container; start the ` +
    "container with --pid host --cap-add SYS_PTRACE",
  kernelSocket: (inode) =>
    `the kernel itself holds the port (socket ${inode}; WireGuard, NFS, …) and has no descriptor to share`,
  kernelTooOld: (release) =>
    `Linux ${release} cannot hand over descriptors (pidfd_getfd); it takes Linux 5.6`,
  seccomp: (call) => `seccomp forbids ${call}; allow it in the profile of the container or the unit`,
  ptraceRefused: (comm, pid) => `the sockets of ${comm} (pid ${pid}) must not be touched`,
  ptraceScope: (scope) => `kernel.yama.ptrace_scope is ${scope}: run as root or with CAP_SYS_PTRACE`,
  ptraceNever: "kernel.yama.ptrace_scope is 3, which forbids it to everybody until the next boot",
  ptracePolicy: "a security module or seccomp forbids it: run as root or with CAP_SYS_PTRACE",
  uid: (uid) =>
    `our socket must belong to uid ${uid}, as the service's does; run as that user or as root, or with CAP_CHOWN ` +
    "or CAP_SETUID",
  unmappedUid: (uid) =>
    `the service's uid ${uid} is not known in this user namespace; run porthole outside of it`,
  mixedUids: (uids) => `services of several users (uid ${uids}) hold the port; name one address, IP:PORT`,
  timeWait: (count) =>
    `closed connections of the service still hold the port (${count} in TIME_WAIT); try again in a minute`,
  unsettled: "the service on the port was just starting or ending; try again",
  stillInUse: "the kernel refuses, although all sockets of the service were made shareable",
  forward: (command) => `${command} needs no sharing`,
};

/** Simplified Chinese. */
export const sharingZhCn: SharingTexts = {
  noRow: "有程序绑定了该端口，但还没有监听；请启动其服务，或停止该程序",
  ownSocket: "端口由本 porthole 的另一条隧道使用；请给其中一条换一个端口",
  ownerHidden: (inode, uid) => `端口被套接字 ${inode}（uid ${uid}）占用，但看不到它的进程`,
  sightNeeds: (capabilities) =>
    `请以 root 运行，或授予 ${capabilities}（容器：--pid host --cap-add SYS_PTRACE）`,
  sightHidden: "它被安全模块或用户命名空间隐藏（容器：--pid host --cap-add SYS_PTRACE）",
  otherNamespace: (inode, uid) =>
    `端口被套接字 ${inode}（uid ${uid}）占用，其进程在本容器之外；请用 --pid host --cap-add SYS_PTRACE 启动容器`,
  kernelSocket: (inode) => `端口被内核自己占用（套接字 ${inode}；WireGuard、NFS 等），没有可以共用的描述符`,
  kernelTooOld: (release) => `Linux ${release} 不能移交描述符（pidfd_getfd）；需要 Linux 5.6`,
  seccomp: (call) => `seccomp 禁止 ${call}；请在容器或服务单元的配置中放行`,
  ptraceRefused: (comm, pid) => `不允许接触 ${comm}（pid ${pid}）的套接字`,
  ptraceScope: (scope) => `kernel.yama.ptrace_scope 为 ${scope}：请以 root 运行，或授予 CAP_SYS_PTRACE`,
  ptraceNever: "kernel.yama.ptrace_scope 为 3，下次启动之前对任何人都禁止",
  ptracePolicy: "被安全模块或 seccomp 禁止：请以 root 运行，或授予 CAP_SYS_PTRACE",
  uid: (uid) =>
    `我们的套接字必须与服务同属 uid ${uid}；请以该用户或 root 运行，或授予 CAP_CHOWN 或 CAP_SETUID`,
  unmappedUid: (uid) => `服务的 uid ${uid} 在此用户命名空间中没有映射；请在命名空间之外运行 porthole`,
  mixedUids: (uids) => `端口被多个用户的服务占用（uid ${uids}）；请写明一个地址：IP:PORT`,
  timeWait: (count) => `该服务已关闭的连接仍占用端口（${count} 个处于 TIME_WAIT）；请一分钟后重试`,
  unsettled: "端口上的服务正在启动或结束；请重试",
  stillInUse: "服务的所有套接字都已可以共用，但内核仍然拒绝",
  forward: (command) => `${command} 不需要共用端口`,
};
