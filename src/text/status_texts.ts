/** Texts of `porthole status` and `health`, and of the status page. */
export interface StatusTexts {
  readonly columns: {
    readonly name: string;
    readonly protocol: string;
    readonly state: string;
    readonly internal: string;
    readonly external: string;
    readonly target: string;
    readonly clients: string;
  };
  /** Where a tunnel stands. */
  readonly states: Readonly<Record<"opening" | "mapped" | "lost" | "unusable" | "failed", string>>;
  /** Short lengths of time, joined without a space: `3d4h`. */
  readonly units: {
    readonly days: (n: string) => string;
    readonly hours: (n: string) => string;
    readonly minutes: (n: string) => string;
    readonly seconds: (n: string) => string;
  };
  /** The line above the table. */
  readonly summary: (mapped: string, all: string) => string;
  readonly upFor: (age: string) => string;
  readonly noTunnels: string;
  readonly configFault: (reason: string) => string;
  readonly hookFailing: (command: string, reason: string) => string;
  readonly hookExit: (status: string) => string;
  readonly publishFailing: (publisher: string, reason: string) => string;
  readonly unverified: (reason: string) => string;
  /** `places` are the sockets that were tried. */
  readonly noDaemon: (places: string) => string;
  readonly noSocket: string;
  readonly daemonEnded: string;
  readonly health: {
    readonly healthy: (count: string) => string;
    readonly unhealthy: (bad: string, all: string) => string;
    readonly unknown: string;
    readonly notMapped: (state: string) => string;
    readonly notMappedBecause: (state: string, reason: string) => string;
    readonly unconfirmed: string;
    readonly stale: (age: string) => string;
    readonly failed: (reason: string) => string;
    readonly badPing: (url: string) => string;
    readonly pingFailed: (url: string, reason: string) => string;
  };
  readonly page: {
    readonly title: string;
    readonly since: string;
    readonly confirmed: string;
    readonly ago: (age: string) => string;
    readonly changes: string;
    readonly traffic: string;
    readonly reachability: string;
    readonly reachable: string;
    readonly hooks: string;
    readonly publish: string;
    readonly hookRuns: (runs: string, failures: string) => string;
    readonly published: string;
    readonly config: string;
  };
}

/** English. */
export const statusEn: StatusTexts = {
  columns: {
    name: "NAME",
    protocol: "PROTO",
    state: "STATE",
    internal: "INTERNAL",
    external: "EXTERNAL",
    target: "TARGET",
    clients: "CLIENTS",
  },
  states: {
    opening: "opening",
    mapped: "mapped",
    lost: "lost",
    unusable: "unusable",
    failed: "failed",
  },
  units: {
    days: (n) => `${n}d`,
    hours: (n) => `${n}h`,
    minutes: (n) => `${n}m`,
    seconds: (n) => `${n}s`,
  },
  summary: (mapped, all) => `${mapped} of ${all} tunnel(s) mapped`,
  upFor: (age) => `up ${age}`,
  noTunnels: "No tunnels.",
  configFault: (reason) => `The changed configuration was not taken over: ${reason}`,
  hookFailing: (command, reason) => `hook ${command} failed: ${reason}`,
  hookExit: (status) => `exit status ${status}`,
  publishFailing: (publisher, reason) => `not published by ${publisher}: ${reason}`,
  unverified: (reason) => `not verified from outside: ${reason}`,
  noDaemon: (places) => `No daemon is running (looked at ${places}); start one with "porthole run"`,
  noSocket: "This system has no Unix sockets; use the HTTP status page",
  daemonEnded: "The daemon ended",
  health: {
    healthy: (count) => `healthy: ${count} tunnel(s)`,
    unhealthy: (bad, all) => `unhealthy: ${bad} of ${all} tunnel(s)`,
    unknown: "there is no tunnel of this name",
    notMapped: (state) => `state: ${state}`,
    notMappedBecause: (state, reason) => `${state}: ${reason}`,
    unconfirmed: "no STUN server has confirmed it yet",
    stale: (age) => `last confirmed ${age} ago`,
    failed: (reason) => `unhealthy: ${reason}`,
    badPing: (url) => `Cannot use ping URL "${url}": expected http:// or https://`,
    pingFailed: (url, reason) => `Cannot ping ${url}: ${reason}`,
  },
  page: {
    title: "Tunnels",
    since: "Since",
    confirmed: "Confirmed",
    ago: (age) => `${age} ago`,
    changes: "Changes",
    traffic: "Traffic",
    reachability: "From outside",
    reachable: "reachable",
    hooks: "Hooks",
    publish: "Published",
    hookRuns: (runs, failures) => `${runs} runs, ${failures} failed`,
    published: "published",
    config: "Configuration",
  },
};

/** Simplified Chinese. */
export const statusZhCn: StatusTexts = {
  columns: {
    name: "名称",
    protocol: "协议",
    state: "状态",
    internal: "内部端点",
    external: "公网端点",
    target: "目标",
    clients: "客户端",
  },
  states: {
    opening: "正在打开",
    mapped: "已映射",
    lost: "已失效",
    unusable: "不可用",
    failed: "失败",
  },
  units: {
    days: (n) => `${n}天`,
    hours: (n) => `${n}时`,
    minutes: (n) => `${n}分`,
    seconds: (n) => `${n}秒`,
  },
  summary: (mapped, all) => `隧道已映射 ${mapped} / ${all}`,
  upFor: (age) => `已运行 ${age}`,
  noTunnels: "没有隧道。",
  configFault: (reason) => `修改后的配置未生效：${reason}`,
  hookFailing: (command, reason) => `脚本 ${command} 失败：${reason}`,
  hookExit: (status) => `退出码 ${status}`,
  publishFailing: (publisher, reason) => `${publisher} 发布失败：${reason}`,
  unverified: (reason) => `未能从外部验证：${reason}`,
  noDaemon: (places) => `没有正在运行的守护进程（已查找 ${places}）；请用 "porthole run" 启动`,
  noSocket: "此系统没有 Unix 套接字；请使用 HTTP 状态页",
  daemonEnded: "守护进程已结束",
  health: {
    healthy: (count) => `正常：${count} 条隧道`,
    unhealthy: (bad, all) => `异常：${bad} / ${all} 条隧道`,
    unknown: "没有这个名称的隧道",
    notMapped: (state) => `状态为${state}`,
    notMappedBecause: (state, reason) => `状态为${state}：${reason}`,
    unconfirmed: "尚无 STUN 服务器确认",
    stale: (age) => `上次确认是在 ${age}前`,
    failed: (reason) => `异常：${reason}`,
    badPing: (url) => `无法使用 ping 地址 "${url}"：应以 http:// 或 https:// 开头`,
    pingFailed: (url, reason) => `无法访问 ${url}：${reason}`,
  },
  page: {
    title: "隧道",
    since: "开始时间",
    confirmed: "上次确认",
    ago: (age) => `${age}前`,
    changes: "变化次数",
    traffic: "流量",
    reachability: "外部访问",
    reachable: "可以访问",
    hooks: "脚本",
    publish: "发布",
    hookRuns: (runs, failures) => `运行 ${runs} 次，失败 ${failures} 次`,
    published: "已发布",
    config: "配置",
  },
};
