import type { Protocol } from "../core/mapping.ts";

/** How it was seen whether a mapping lives. */
type Way = "response-port" | "hairpin" | "same-port" | "answer";

/** Why something is not known. */
type Reason =
  | "no-server"
  | "no-answer"
  | "no-nat"
  | "ports-kept"
  | "contradictory"
  | "nothing-proved"
  | "servers-close"
  | "interrupted";

type Finding = "yes" | "no" | "unknown";

/** Texts of `porthole lifetime`, and of intervals that are measured. */
export interface LifetimeTexts {
  /** What `--help` says. */
  readonly help: {
    readonly lifetime: string;
    readonly lifetimeLong: string;
    readonly tcp: string;
    readonly udp: string;
    readonly max: string;
  };
  /** Mistakes in the command line. */
  readonly usage: {
    readonly badMax: (text: string) => string;
    readonly badInterval: (text: string) => string;
  };
  /** Shown while it works; seconds. */
  readonly progress: (
    protocol: Protocol,
    seconds: { readonly elapsed: number; readonly alive: string; readonly dead: string | undefined },
  ) => string;
  readonly rows: Readonly<
    Record<"lifetime" | "inbound" | "outbound" | "allocation" | "again" | "interval" | "way", string>
  >;
  /** Times in words, each with its unit. */
  readonly between: (alive: string, dead: string) => string;
  readonly atLeast: (alive: string) => string;
  readonly unknown: string;
  readonly seconds: (value: string) => string;
  /** A finding and why it is no better. */
  readonly because: (finding: string, reason: string) => string;
  readonly reasons: Readonly<Record<Reason, string>>;
  readonly ways: Readonly<Record<Way, string>>;
  readonly looks: (way: string, looks: number, sockets: number) => string;
  readonly findings: Readonly<Record<Finding, string>>;
  readonly allocations: Readonly<
    Record<"preserving" | "contiguous" | "increasing" | "random" | "unknown", string>
  >;
  /** How the interval follows from the lifetime. */
  readonly rule: (interval: string) => string;
}

/** English. */
export const lifetimeEn: LifetimeTexts = {
  help: {
    lifetime: "Measure how long an idle mapping lives.",
    lifetimeLong:
      "Makes several mappings at once, leaves each alone for a time of its own, and looks once whether it still " +
      "lives; takes little longer than the answer. UDP unless --tcp is given; both with both. " +
      "Ends with 0 if something was found out, else 1; ended early, it prints what is known so far.",
    tcp: "measure TCP",
    udp: "measure UDP (default)",
    max: "the longest wait, 10s to 1h; default 300s",
  },
  usage: {
    badMax: (text) => `Cannot use time "${text}": expected 60s or 5m, from 10s to 1h`,
    badInterval: (text) => `Cannot use time "${text}": expected 15s, 1500ms or 2m, from 100ms to 1h, or auto`,
  },
  progress: (protocol, { elapsed, alive, dead }) =>
    `${protocol.toUpperCase()} ${elapsed} s: lives ${alive} or longer${
      dead === undefined ? "" : `, not ${dead}`
    }`,
  rows: {
    lifetime: "lifetime",
    inbound: "kept by traffic from outside",
    outbound: "kept by traffic from inside",
    allocation: "external ports",
    again: "same port again after its end",
    interval: "keep-alive interval",
    way: "seen by",
  },
  between: (alive, dead) => `between ${alive} and ${dead}`,
  atLeast: (alive) => `at least ${alive}`,
  unknown: "unknown",
  seconds: (value) => `${value} s`,
  because: (finding, reason) => `${finding}: ${reason}`,
  reasons: {
    "no-server": "no name of a server resolves; see to the DNS, or give addresses by --stun",
    "no-answer": "no server answered",
    "no-nat": "there is no NAT, and no server can answer to another port (RESPONSE-PORT); try --stun",
    "ports-kept":
      "the NAT may give the same port again, and no server can answer to another port (RESPONSE-PORT); try --stun",
    "contradictory": "mappings died at ages that others survived",
    "nothing-proved": "the server did not answer any more",
    "servers-close": "the servers end idle connections by themselves; try other ones (--keep-alive)",
    "interrupted": "ended early",
  },
  ways: {
    "response-port": "answers of the server to another port (RFC 5780)",
    "hairpin": "datagrams from another socket of this host",
    "same-port": "the external port after asking again",
    "answer": "an answer over the idle connection",
  },
  looks: (way, looks, sockets) => `${way}; ${looks} looks, ${sockets} sockets`,
  findings: { yes: "yes", no: "no", unknown: "unknown" },
  allocations: {
    preserving: "preserved",
    contiguous: "contiguous",
    increasing: "increasing",
    random: "random",
    unknown: "unknown",
  },
  rule: (interval) => `${interval} (a third of the lifetime, 5 to 60 s; less only if it has to be)`,
};

/** Simplified Chinese. */
export const lifetimeZhCn: LifetimeTexts = {
  help: {
    lifetime: "测量空闲映射能存活多久。",
    lifetimeLong: "同时建立多个映射，让每个空闲不同的时间，然后各查看一次是否还在；所需时间只比结果略长。" +
      "默认测 UDP，给出 --tcp 则测 TCP，两者都给出则都测。有结果时以 0 结束，否则为 1；提前中断时输出已知的结果。",
    tcp: "测量 TCP",
    udp: "测量 UDP（默认）",
    max: "最长等待时间，10s 到 1h；默认 300s",
  },
  usage: {
    badMax: (text) => `时间 “${text}” 无效：应为 60s 或 5m，范围 10s 到 1h`,
    badInterval: (text) => `时间 “${text}” 无效：应为 15s、1500ms 或 2m，范围 100ms 到 1h，或 auto`,
  },
  progress: (protocol, { elapsed, alive, dead }) =>
    `${protocol.toUpperCase()} ${elapsed} 秒：至少存活 ${alive}${dead === undefined ? "" : `，不到 ${dead}`}`,
  rows: {
    lifetime: "存活时间",
    inbound: "外来流量能否续期",
    outbound: "外出流量能否续期",
    allocation: "公网端口分配",
    again: "失效后是否仍得到原端口",
    interval: "建议的保活间隔",
    way: "测量方式",
  },
  between: (alive, dead) => `${alive} 到 ${dead} 之间`,
  atLeast: (alive) => `至少 ${alive}`,
  unknown: "未知",
  seconds: (value) => `${value} 秒`,
  because: (finding, reason) => `${finding}：${reason}`,
  reasons: {
    "no-server": "服务器的域名都无法解析；请检查 DNS，或用 --stun 直接给出地址",
    "no-answer": "没有服务器应答",
    "no-nat": "没有 NAT，也没有服务器能应答到另一端口（RESPONSE-PORT）；可用 --stun 换服务器",
    "ports-kept":
      "NAT 可能会重新分配同一端口，也没有服务器能应答到另一端口（RESPONSE-PORT）；可用 --stun 换服务器",
    "contradictory": "有的映射在其他映射仍存活的时长上已失效",
    "nothing-proved": "服务器不再应答",
    "servers-close": "服务器会自行关闭空闲连接；可用 --keep-alive 换服务器",
    "interrupted": "提前结束",
  },
  ways: {
    "response-port": "服务器向另一端口的应答（RFC 5780）",
    "hairpin": "本机另一套接字发来的数据报",
    "same-port": "再次询问所得的公网端口",
    "answer": "空闲连接上的应答",
  },
  looks: (way, looks, sockets) => `${way}；查看 ${looks} 次，套接字 ${sockets} 个`,
  findings: { yes: "是", no: "否", unknown: "未知" },
  allocations: {
    preserving: "保持不变",
    contiguous: "连续",
    increasing: "递增",
    random: "随机",
    unknown: "未知",
  },
  rule: (interval) => `${interval}（存活时间的三分之一，5 到 60 秒；必要时更短）`,
};
