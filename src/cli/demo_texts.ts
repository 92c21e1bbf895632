import type { Lang } from "../text/lang.ts";

/** Steps of the demo, as their lines are labelled. */
export type DemoLabel =
  | "command"
  | "mapped"
  | "checked"
  | "visitor"
  | "restart"
  | "changed"
  | "stop"
  | "stopped";

/** What the demo says; endpoints and commands come as they are. */
export interface DemoTexts {
  readonly title: string;
  /** The three places, each inside the next. */
  readonly home: (address: string) => string;
  readonly nat: (address: string) => string;
  readonly internet: (counts: { readonly stun: number; readonly web: number }) => string;
  /** First word of each line. */
  readonly labels: Readonly<Record<DemoLabel, string>>;
  readonly reachable: string;
  readonly unverified: string;
  readonly visitorOpens: (visitor: string, url: string) => string;
  readonly shutOut: (url: string) => string;
  readonly natForgets: string;
  readonly noticedAfter: (seconds: string) => string;
  readonly signalSent: string;
  readonly endedAfter: (status: number, seconds: string) => string;
  readonly done: (seconds: string) => string;
  readonly failed: (reason: string) => string;
  /** What the command under test wrote to stderr last. */
  readonly itSaid: string;
  readonly needsLinux: string;
  /** Reasons of a failed step. */
  readonly noEvent: (event: string, seconds: string) => string;
  readonly endedEarly: (status: string) => string;
  readonly noPage: (url: string, reason: string) => string;
  readonly wrongPage: (url: string) => string;
  readonly oldPortOpen: (endpoint: string) => string;
  readonly notEnded: (seconds: string) => string;
  readonly wrongStatus: (status: string) => string;
}

const en: DemoTexts = {
  title: "porthole demo: a public port behind a carrier's NAT, all of it on this machine",
  home: (address) => `home ${address}`,
  nat: (address) => `carrier NAT (full cone) ${address}`,
  internet: ({ stun, web }) => `internet: ${stun} STUN servers, ${web} web servers, a visitor`,
  labels: {
    command: "command",
    mapped: "mapped",
    checked: "checked",
    visitor: "visitor",
    restart: "restart",
    changed: "changed",
    stop: "stop",
    stopped: "stopped",
  },
  reachable: "reachable from outside",
  unverified: "not verified",
  visitorOpens: (visitor, url) => `${visitor} opens ${url}`,
  shutOut: (url) => `${url} is shut`,
  natForgets: "the NAT forgets every mapping and tells nobody",
  noticedAfter: (seconds) => `noticed and repaired ${seconds} s after the restart`,
  signalSent: "SIGTERM",
  endedAfter: (status, seconds) => `everything released after ${seconds} s, exit status ${status}`,
  done: (seconds) => `Done in ${seconds} s: a stranger got in before and after the NAT restarted.`,
  failed: (reason) => `The demo failed: ${reason}`,
  itSaid: "The command said last:",
  needsLinux:
    "Cannot run the demo: sharing a port between listeners and connections needs Linux (x86-64 or arm64, glibc) " +
    "without PORTHOLE_PORTABLE=1",
  noEvent: (event, seconds) => `no "${event}" within ${seconds} s`,
  endedEarly: (status) => `the command ended before its time (${status})`,
  noPage: (url, reason) => `the visitor did not get ${url}: ${reason}`,
  wrongPage: (url) => `${url} is not the test page`,
  oldPortOpen: (endpoint) => `${endpoint} still answers although the NAT forgot it`,
  notEnded: (seconds) => `the command did not end within ${seconds} s after SIGTERM`,
  wrongStatus: (status) => `the command ended with ${status} instead of exit status 143 (SIGTERM)`,
};

const zhCn: DemoTexts = {
  title: "porthole 演示：在运营商 NAT 后面打开公网端口，一切都在本机进行",
  home: (address) => `家中主机 ${address}`,
  nat: (address) => `运营商 NAT（全锥形）${address}`,
  internet: ({ stun, web }) => `互联网：${stun} 个 STUN 服务器、${web} 个网站、一位访客`,
  labels: {
    command: "命令",
    mapped: "已映射",
    checked: "自检",
    visitor: "访客",
    restart: "重启",
    changed: "已变更",
    stop: "停止",
    stopped: "已停止",
  },
  reachable: "外部可以访问",
  unverified: "未能验证",
  visitorOpens: (visitor, url) => `${visitor} 打开 ${url}`,
  shutOut: (url) => `${url} 已经不通`,
  natForgets: "NAT 忘记了所有映射，而且不通知任何人",
  noticedAfter: (seconds) => `重启后 ${seconds} 秒发现并修复`,
  signalSent: "SIGTERM",
  endedAfter: (status, seconds) => `${seconds} 秒后全部释放，退出码 ${status}`,
  done: (seconds) => `完成，用时 ${seconds} 秒：NAT 重启前后，陌生人都能访问。`,
  failed: (reason) => `演示失败：${reason}`,
  itSaid: "命令最后的输出：",
  needsLinux:
    "无法运行演示：监听与连接共用端口需要 Linux（x86-64 或 arm64，glibc），且未设置 PORTHOLE_PORTABLE=1",
  noEvent: (event, seconds) => `${seconds} 秒内没有出现 “${event}”`,
  endedEarly: (status) => `命令提前结束（${status}）`,
  noPage: (url, reason) => `访客未能打开 ${url}：${reason}`,
  wrongPage: (url) => `${url} 不是测试页面`,
  oldPortOpen: (endpoint) => `NAT 已忘记 ${endpoint}，但它仍有应答`,
  notEnded: (seconds) => `发出 SIGTERM 后 ${seconds} 秒内命令没有结束`,
  wrongStatus: (status) => `命令以 ${status} 结束，应为退出码 143（SIGTERM）`,
};

/** The demo in every language. */
export const DEMO_TEXTS: Readonly<Record<Lang, DemoTexts>> = { "en": en, "zh-CN": zhCn };
