/** Texts of `porthole config`. */
export interface ConfigTexts {
  /** Nothing is wrong with so many tunnels. */
  readonly noFaults: (tunnels: number) => string;
  /** Before what does not keep the service from running. */
  readonly warning: string;
  readonly unreadable: (file: string, reason: string) => string;
  /** Why a file cannot be read. */
  readonly reasons: Readonly<Record<"missing" | "folder" | "denied", string>>;
  readonly hookMissing: (program: string) => string;
  readonly hookNotInPath: (program: string) => string;
  readonly hookIsNoFile: (program: string) => string;
  readonly hookNotExecutable: (program: string) => string;
  /** A configuration of none of the programs that can be imported. */
  readonly notImported: (file: string, reason: string) => string;
  readonly importTooLarge: string;
}

/** English. */
export const configEn: ConfigTexts = {
  noFaults: (tunnels) => `${tunnels} ${tunnels === 1 ? "tunnel" : "tunnels"}, no faults`,
  warning: "warning",
  unreadable: (file, reason) => `Cannot read ${file}: ${reason}`,
  reasons: { missing: "no such file", folder: "it is a folder", denied: "permission denied" },
  hookMissing: (program) => `the program ${program} does not exist`,
  hookNotInPath: (program) => `the program ${program} is in no folder of PATH`,
  hookIsNoFile: (program) => `${program} is not a file`,
  hookNotExecutable: (program) => `${program} is not executable for this user`,
  notImported: (file, reason) => `Cannot import ${file}: ${reason}`,
  importTooLarge: "it is larger than 1 MiB",
};

/** Simplified Chinese. */
export const configZhCn: ConfigTexts = {
  noFaults: (tunnels) => `${tunnels} 条隧道，没有错误`,
  warning: "警告",
  unreadable: (file, reason) => `无法读取 ${file}：${reason}`,
  reasons: { missing: "文件不存在", folder: "这是一个目录", denied: "权限不足" },
  hookMissing: (program) => `程序 ${program} 不存在`,
  hookNotInPath: (program) => `在 PATH 的各目录中找不到程序 ${program}`,
  hookIsNoFile: (program) => `${program} 不是文件`,
  hookNotExecutable: (program) => `当前用户无权执行 ${program}`,
  notImported: (file, reason) => `无法导入 ${file}：${reason}`,
  importTooLarge: "文件大于 1 MiB",
};
