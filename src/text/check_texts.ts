import type { AddressScope } from "../core/address_scope.ts";
import type { NatBehavior } from "../core/behavior.ts";
import { checkReasonsEn, checkReasonsZhCn, type CheckReasonTexts } from "./check_reason_texts.ts";

/** Whether porthole can work over a transport, as far as it is known. */
export type Outlook = "works" | "maybe" | "unlikely" | "cannot" | "unknown";

/** What a NAT is called: the RFC 3489 kinds, and what is in between where not all is known. */
export type KindName =
  | "open-internet"
  | "one-to-one"
  | "full-cone"
  | "restricted"
  | "port-restricted"
  | "filtered-cone"
  | "cone"
  | "symmetric"
  | "symmetric-udp-firewall"
  | "no-nat"
  | "blocked"
  | "proxied"
  | "unknown";

/** Rows of the table. */
export type CheckRow =
  | "kind"
  | "external"
  | "mapping"
  | "filtering"
  | "strangers"
  | "hairpinning"
  | "ports"
  | "addresses"
  | "proxy";

/** Texts of `porthole check`. */
export interface CheckTexts {
  /** What `--help` says. */
  readonly help: {
    readonly check: string;
    readonly checkLong: string;
    readonly bind: string;
    readonly udp: string;
    readonly tcp: string;
    readonly reflector: string;
    readonly token: string;
    readonly verbose: string;
  };
  /** Shown while it works. */
  readonly progress: (done: number, total: number) => string;
  /** Between two transports. */
  readonly and: string;
  /** The first lines: what is said of some transports, and what the NAT is called. */
  readonly verdicts: Readonly<Record<Outlook, (on: string, kind: string) => string>>;
  readonly kinds: Readonly<Record<KindName, string>>;
  readonly rows: Readonly<Record<CheckRow, string>>;
  /** This host's own address, before the table. */
  readonly local: string;
  /** The default gateway. */
  readonly router: string;
  /** Its address on the other side. */
  readonly farSide: (address: string, scope: string) => string;
  readonly scopes: Readonly<Record<AddressScope, string>>;
  readonly behaviors: Readonly<Record<NatBehavior, string>>;
  readonly findings: Readonly<Record<"yes" | "no" | "unknown", string>>;
  readonly allocations: Readonly<
    Record<"preserving" | "contiguous" | "increasing" | "random" | "unknown", string>
  >;
  readonly suspicions: Readonly<
    Record<"none" | "fake-ip" | "too-fast" | "contradicted" | "answers-for-nobody", string>
  >;
  /** Several external addresses. */
  readonly several: string;
  readonly oneAddress: string;
  readonly reasons: CheckReasonTexts;
  /** Between a finding and its reason. */
  readonly because: (finding: string, reason: string) => string;
  /** Something with more about it. */
  readonly detail: (text: string, detail: string) => string;
  /** What is known, and why not more is. */
  readonly butUnknown: (known: string, reason: string) => string;
  /** Between items. */
  readonly joiner: string;
  /** Before the advice. */
  readonly heading: string;
  /** Before the evidence. */
  readonly evidence: string;
}

/** English. */
export const checkEn: CheckTexts = {
  help: {
    check: "Find out what this NAT does, over UDP and TCP, with advice.",
    checkLong:
      "Asks several STUN servers at once (RFC 5780), knocks at its own mappings, and with --reflector asks " +
      "somebody outside to knock. Ends with 0 if porthole can work over a transport that was asked for, 4 if this " +
      "NAT cannot do it, 1 if it could not be told.",
    bind: "Local port whose mapping is looked at. Default any.",
    udp: "Check UDP; without --tcp, UDP alone.",
    tcp: "Check TCP; without --udp, TCP alone.",
    reflector: "A porthole reflector, which knocks from outside.",
    token: "Token of the reflector: env:NAME, file:PATH or a literal.",
    verbose: "List everything that was asked, and what came of it.",
  },
  progress: (done, total) => `checking the NAT … ${done}/${total}`,
  and: " and ",
  verdicts: {
    works: (on, kind) => `porthole will work for ${on}: ${kind}`,
    maybe: (on, kind) => `porthole may work for ${on}: ${kind}`,
    unlikely: (on, kind) =>
      `porthole will hardly work for ${on}, as this NAT filters the other protocol: ${kind}`,
    cannot: (on, kind) => `porthole will not work for ${on}: ${kind}`,
    unknown: (on, kind) => `it cannot be told whether porthole works for ${on}: ${kind}`,
  },
  kinds: {
    "open-internet": "open internet (no NAT)",
    "one-to-one": "open internet (1:1 NAT)",
    "full-cone": "full cone (NAT 1)",
    "restricted": "restricted (NAT 2)",
    "port-restricted": "port restricted (NAT 3)",
    "filtered-cone": "restricted or port restricted (NAT 2 or 3)",
    "cone": "a cone (NAT 1, 2 or 3)",
    "symmetric": "symmetric (NAT 4)",
    "symmetric-udp-firewall": "a firewall, no NAT",
    "no-nat": "no NAT, perhaps a firewall",
    "blocked": "blocked",
    "proxied": "a proxy answers",
    "unknown": "unknown",
  },
  rows: {
    kind: "NAT",
    external: "external endpoint",
    mapping: "mapping",
    filtering: "filtering",
    strangers: "strangers get in",
    hairpinning: "hairpinning",
    ports: "external ports",
    addresses: "external addresses",
    proxy: "proxy on the way",
  },
  local: "this host",
  router: "router",
  farSide: (address, scope) => `outside ${address}, ${scope}`,
  scopes: {
    "global": "public",
    "private": "private",
    "cgn": "carrier-grade NAT",
    "fake-ip": "fake IP",
    "loopback": "loopback",
    "link-local": "link-local",
    "documentation": "documentation",
    "unspecified": "unspecified",
    "multicast": "multicast",
  },
  behaviors: {
    "endpoint-independent": "endpoint-independent",
    "address-dependent": "address-dependent",
    "address-and-port-dependent": "address and port-dependent",
    "none": "none",
    "unknown": "unknown",
  },
  findings: { yes: "yes", no: "no", unknown: "unknown" },
  allocations: {
    preserving: "preserved",
    contiguous: "contiguous",
    increasing: "increasing",
    random: "random",
    unknown: "unknown",
  },
  suspicions: {
    "none": "not seen",
    "fake-ip": "yes: fake IP",
    "too-fast": "perhaps: too fast",
    "contradicted": "perhaps: a server contradicts",
    "answers-for-nobody": "yes: accepts everything",
  },
  several: "several",
  oneAddress: "one",
  reasons: checkReasonsEn,
  because: (finding, reason) => `${finding}: ${reason}`,
  detail: (text, detail) => `${text} (${detail})`,
  butUnknown: (known, reason) => `${known}; ${reason}`,
  joiner: ", ",
  heading: "What it means and what to do:",
  evidence: "What was asked:",
};

/** Simplified Chinese. */
export const checkZhCn: CheckTexts = {
  help: {
    check: "查明此 NAT 在 UDP 和 TCP 上的行为，并给出建议。",
    checkLong:
      "同时询问多台 STUN 服务器（RFC 5780），并从本机连接自己的映射；加上 --reflector 还会请外部来连接。" +
      "在所检测的协议中有一种可用 porthole 时以 0 结束，此 NAT 不行时为 4，无法判断时为 1。",
    bind: "要检测映射的本地端口。默认任选。",
    udp: "检测 UDP；未给出 --tcp 时只检测 UDP。",
    tcp: "检测 TCP；未给出 --udp 时只检测 TCP。",
    reflector: "从外部来连接的 porthole 反射器。",
    token: "反射器的令牌：env:NAME、file:PATH 或直接写出。",
    verbose: "列出所有询问及其结果。",
  },
  progress: (done, total) => `正在检测 NAT … ${done}/${total}`,
  and: " 和 ",
  verdicts: {
    works: (on, kind) => `porthole 可用于 ${on}：${kind}`,
    maybe: (on, kind) => `porthole 也许可用于 ${on}：${kind}`,
    unlikely: (on, kind) => `porthole 多半不能用于 ${on}（此 NAT 在另一协议上会过滤）：${kind}`,
    cannot: (on, kind) => `porthole 不能用于 ${on}：${kind}`,
    unknown: (on, kind) => `无法判断 porthole 能否用于 ${on}：${kind}`,
  },
  kinds: {
    "open-internet": "公网直连（没有 NAT）",
    "one-to-one": "公网直连（1:1 NAT）",
    "full-cone": "全锥形（NAT 1）",
    "restricted": "受限锥形（NAT 2）",
    "port-restricted": "端口受限锥形（NAT 3）",
    "filtered-cone": "受限或端口受限锥形（NAT 2 或 3）",
    "cone": "锥形（NAT 1、2 或 3）",
    "symmetric": "对称型（NAT 4）",
    "symmetric-udp-firewall": "没有 NAT，但有防火墙",
    "no-nat": "没有 NAT，可能有防火墙",
    "blocked": "被封锁",
    "proxied": "代理在应答",
    "unknown": "未知",
  },
  rows: {
    kind: "NAT 类型",
    external: "公网端点",
    mapping: "映射行为",
    filtering: "过滤行为",
    strangers: "外人能否进来",
    hairpinning: "回环",
    ports: "公网端口分配",
    addresses: "公网地址",
    proxy: "途中的代理",
  },
  local: "本机",
  router: "路由器",
  farSide: (address, scope) => `外侧 ${address}，${scope}`,
  scopes: {
    "global": "公网",
    "private": "内网",
    "cgn": "运营商级 NAT",
    "fake-ip": "fake-IP 地址",
    "loopback": "本机环回",
    "link-local": "链路本地",
    "documentation": "文档专用",
    "unspecified": "未指定",
    "multicast": "组播",
  },
  behaviors: {
    "endpoint-independent": "与端点无关",
    "address-dependent": "与地址有关",
    "address-and-port-dependent": "与地址和端口有关",
    "none": "无",
    "unknown": "未知",
  },
  findings: { yes: "是", no: "否", unknown: "未知" },
  allocations: {
    preserving: "保持不变",
    contiguous: "连续",
    increasing: "递增",
    random: "随机",
    unknown: "未知",
  },
  suspicions: {
    "none": "未发现",
    "fake-ip": "有：fake IP",
    "too-fast": "可能有：应答过快",
    "contradicted": "可能有：服务器说法不一",
    "answers-for-nobody": "有：什么都能连通",
  },
  several: "多个",
  oneAddress: "一个",
  reasons: checkReasonsZhCn,
  because: (finding, reason) => `${finding}：${reason}`,
  detail: (text, detail) => `${text}（${detail}）`,
  butUnknown: (known, reason) => `${known}；${reason}`,
  joiner: "、",
  heading: "结果说明与建议：",
  evidence: "询问记录：",
};
