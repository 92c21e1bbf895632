import type { AddressScope } from "../core/address_scope.ts";
import type { Family } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Lang } from "./lang.ts";

/** Which transports an advice is about. */
interface On {
  readonly protocols: readonly Protocol[];
}

/** Which port is to be reached where. */
interface Place extends On {
  /** Number as the user gave it; absent if none was given. */
  readonly port?: number | undefined;
  /** Address of this host. */
  readonly address?: string | undefined;
  /** Its default gateway. */
  readonly router?: string | undefined;
  readonly family: Family;
}

/** The user's own router, and the address that it has on its far side. */
interface Layers {
  readonly router: string;
  readonly far: string;
}

/** An advice of `porthole check`, with what its words need. */
export type CheckAdvice =
  | ({ readonly code: "bind-failed"; readonly detail: string } & On)
  | { readonly code: "no-route" }
  | { readonly code: "no-server" }
  | { readonly code: "offline" }
  | ({ readonly code: "proxy-fake-ip"; readonly detail: string } & On)
  | ({ readonly code: "proxy-accepts-all"; readonly detail: string } & On)
  | ({ readonly code: "proxy-too-fast"; readonly detail: string } & On)
  | ({ readonly code: "contradicted"; readonly detail: string } & On)
  | { readonly code: "bypass-proxy" }
  | ({ readonly code: "blocked"; readonly other?: Protocol | undefined } & On)
  | ({ readonly code: "stun-dead" } & On)
  | ({ readonly code: "time-up" } & On)
  | ({ readonly code: "open-internet" } & Place)
  | ({ readonly code: "one-to-one" } & Place)
  | ({ readonly code: "firewall" } & Place)
  | ({ readonly code: "full-cone" } & Place)
  | ({ readonly code: "filtered"; readonly kind: FilteredKind; readonly hasRouter: boolean } & On)
  | ({ readonly code: "port-forward" } & Place)
  | ({ readonly code: "ask-router" } & Place)
  | ({ readonly code: "dmz" } & Place)
  | ({ readonly code: "one-layer" } & Layers)
  | ({ readonly code: "carrier-layer" } & Layers)
  | ({ readonly code: "modem-layer" } & Layers & Place)
  | { readonly code: "bridge-mode" }
  | { readonly code: "host-firewall" }
  | ({ readonly code: "symmetric" } & On)
  | { readonly code: "symmetric-router" }
  | { readonly code: "another-uplink" }
  | { readonly code: "ask-carrier" }
  | { readonly code: "try-ipv6" }
  | { readonly code: "inner-nat"; readonly external: string; readonly scope: AddressScope }
  | ({ readonly code: "several-addresses"; readonly addresses: readonly string[] } & On)
  | ({ readonly code: "filtering-unknown" } & Place)
  | { readonly code: "outside-unsure"; readonly detail: string }
  | { readonly code: "reflector-known"; readonly detail: string }
  | { readonly code: "no-rfc5780" }
  | ({ readonly code: "no-hairpin" } & Place);

/** Who gets in, where not everybody does. */
export type FilteredKind = "restricted" | "port-restricted" | "filtered-cone";

/** Names what to do, for programs. */
export type CheckAdviceCode = CheckAdvice["code"];

/** One line for each advice. */
type CheckAdviceTexts = {
  readonly [Code in CheckAdviceCode]: (advice: Extract<CheckAdvice, { readonly code: Code }>) => string;
};

/** The command that opens the port over these transports. */
function openCommand({ protocols, port, family }: Place): string {
  const flags = protocols.includes("udp") ? protocols.includes("tcp") ? " --tcp --udp" : " --udp" : "";
  return `porthole open${family === 6 ? " -6" : ""}${flags} ${port ?? "PORT"}`;
}

function names(protocols: readonly Protocol[], and: string): string {
  return protocols.map((protocol) => protocol.toUpperCase()).join(and);
}

function onEn({ protocols }: On): string {
  return names(protocols, " and ");
}

function onZh({ protocols }: On): string {
  return names(protocols, " 和 ");
}

/** A port, or the word that stands for it. */
function portOf({ port }: Place): string {
  return String(port ?? "PORT");
}

function forwardOf(place: Place): string {
  const { address = "THIS-HOST" } = place;
  return `${portOf(place)} -> ${address.includes(":") ? `[${address}]` : address}:${portOf(place)}`;
}

const KINDS_EN: Readonly<Record<FilteredKind, string>> = {
  "restricted": "restricted, NAT 2",
  "port-restricted": "port restricted, NAT 3",
  "filtered-cone": "NAT 2 or 3",
};

const KINDS_ZH: Readonly<Record<FilteredKind, string>> = {
  "restricted": "受限锥形，NAT 2",
  "port-restricted": "端口受限锥形，NAT 3",
  "filtered-cone": "NAT 2 或 3",
};

/** English. */
const adviceEn: CheckAdviceTexts = {
  "bind-failed": (advice) =>
    `Nothing could be asked over ${
      onEn(advice)
    } (${advice.detail}): give another port or address by --bind, ` +
    "or leave it out.",
  "no-route": () =>
    "There is no route to the STUN servers: see whether this host is online, and --interface.",
  "no-server": () => "No name of a STUN server resolves: see to the DNS, or give addresses by --stun.",
  "offline": () =>
    "Nobody answers at all: see whether this host is online and whether a firewall lets it out; or give other STUN " +
    "servers by --stun.",
  "proxy-fake-ip": (advice) =>
    `Over ${
      onEn(advice)
    } a proxy in fake-IP mode answers in the place of the servers (${advice.detail}): what was ` +
    "seen is the proxy's, not the NAT's.",
  "proxy-accepts-all": (advice) =>
    `Over ${
      onEn(advice)
    } something takes connections to addresses that nobody has (${advice.detail}): a transparent ` +
    "proxy or a VPN.",
  "proxy-too-fast": (advice) =>
    `Over ${
      onEn(advice)
    } answers come faster than from anywhere (${advice.detail}): perhaps a proxy on the way.`,
  "contradicted": (advice) =>
    `Over ${
      onEn(advice)
    } one STUN server contradicts the others (${advice.detail}): a proxy on the way to it, or a ` +
    "server that lies; leave it out by naming others with --stun.",
  "bypass-proxy": () =>
    "Switch Clash, OpenClash, PassWall, v2ray or the VPN off, or let porthole pass it by (by process, by the port of " +
    "the STUN servers, or by --mark N and a rule that exempts the mark), then check again.",
  "blocked": (advice) =>
    `${
      onEn(advice)
    } seems to be blocked: several STUN servers were asked and none answered; see to the firewalls of ` +
    "this host and its network" +
    (advice.other === undefined
      ? ", or give other servers by --stun."
      : `, or use ${names([advice.other], "")}.`),
  "stun-dead": (advice) =>
    `Too few STUN servers answered over ${
      onEn(advice)
    }: give others by --stun HOST; porthole stun shows which answer.`,
  "time-up": (advice) => `The time was up before all was seen over ${onEn(advice)}: check again.`,
  "open-internet": (advice) =>
    `There is no NAT: porthole is not needed, a service on ${
      advice.address ?? "this host"
    } is public already; it ` +
    "works all the same. Let the port pass the firewall of this host.",
  "one-to-one": (advice) =>
    `A 1:1 NAT as of a cloud host: everybody gets in at the same port number, so porthole is not needed; it works ` +
    `all the same. Let port ${portOf(advice)} pass the provider's security group.`,
  "firewall": (advice) =>
    `There is no NAT, but a firewall keeps strangers out: allow ${onEn(advice)} ${portOf(advice)} to ` +
    `${advice.address ?? "this host"} on this host, ` +
    (advice.family === 6
      ? `and in the IPv6 firewall of the router${
        advice.router ? ` ${advice.router}` : ""
      }, or let porthole ask it: ` +
        `${openCommand(advice)} --gateway force.`
      : "and on the router or in the provider's security group."),
  "full-cone": (advice) =>
    `Next: ${openCommand(advice)}; nothing needs to be set on the router or the modem.`,
  "filtered": (advice) =>
    `Over ${onEn(advice)} only those whom this host wrote to first get in (${KINDS_EN[advice.kind]}): ` +
    (advice.hasRouter
      ? "most often it is the own router that filters, else the carrier."
      : "no router of the user's own stands before this host, so it is its own firewall or the carrier."),
  "port-forward": (advice) =>
    `Forward the port on the router${advice.router === undefined ? "" : ` ${advice.router}`}: ${
      onEn(advice)
    } ` +
    `${forwardOf(advice)}; the numbers must be the same on both sides.`,
  "ask-router": (advice) =>
    `Or let porthole ask the router for that (UPnP, NAT-PMP or PCP): ${openCommand(advice)} --gateway force`,
  "dmz": (advice) =>
    `Or make ${advice.address ?? "this host"} the DMZ host of the router` +
    `${
      advice.router === undefined ? "" : ` ${advice.router}`
    }; after that a check shows whether the carrier filters too.`,
  "one-layer": ({ router, far }) =>
    `The router ${router} itself has the public address ${far}: there is one NAT, so it is the router, or this host's ` +
    "own firewall, and not the carrier.",
  "carrier-layer": ({ router, far }) =>
    `The router ${router} has ${far} on its far side, an address of the carrier's own NAT: there are two NATs, and ` +
    "both have to let strangers in.",
  "modem-layer": (advice) =>
    `The router ${advice.router} has ${advice.far} on its far side, no public address: another router, mostly the ` +
    `modem, translates too. Forward the port there as well: ${onEn(advice)} ${
      forwardOf({ ...advice, address: advice.far })
    }.`,
  "bridge-mode": () =>
    "If the modem routes too (two NATs in a row), switch it to bridge mode so that the router dials itself; or run " +
    "porthole on the router.",
  "host-firewall": () =>
    "See whether this host's own firewall drops what comes unasked (nft list ruleset, ufw status, Windows Defender).",
  "symmetric": (advice) =>
    `Over ${
      onEn(advice)
    } every destination gets another external endpoint (symmetric, NAT 4): nobody could be told ` +
    "where to come.",
  "symmetric-router": () =>
    "If it is the own router: turn on full cone NAT, or static ports (OpenWrt, pfSense, OPNsense), and turn off a " +
    "second WAN, a VPN or load balancing for this host.",
  "another-uplink": () => "Try another uplink (--interface), mobile data for example.",
  "ask-carrier": () => "If it is the carrier: ask for a public IPv4 address or for full cone NAT.",
  "try-ipv6": () => "IPv6 may work today: porthole check -6",
  "inner-nat": (advice) =>
    `The address seen from outside, ${advice.external}, is no public one (${advice.scope}): another NAT stands ` +
    "further out, and the STUN servers before it. Use public STUN servers, and put the modem into bridge mode.",
  "several-addresses": (advice) =>
    `The NAT gives several external addresses (${
      advice.addresses.join(", ")
    }): trust the endpoint that porthole ` +
    "announces, not the address that some web page shows.",
  "filtering-unknown": (advice) =>
    `Nobody saw whether strangers get in over ${
      onEn(advice)
    }: run porthole reflector on a host elsewhere and check ` +
    `again with --reflector URL, or try ${openCommand(advice)} --test from a phone on mobile data.`,
  "outside-unsure": (advice) => `The reflector could not tell (${advice.detail}): see porthole reach.`,
  "reflector-known": (advice) =>
    `The reflector got in, but from an address this host had talked to (${advice.detail}): run it with ` +
    "--from-address, so that it knocks as a stranger.",
  "no-rfc5780": () =>
    "No STUN server that answers offers RFC 5780, so UDP filtering cannot be seen: name one that does by --stun " +
    "(porthole stun shows it).",
  "no-hairpin": (advice) =>
    `The NAT does not turn traffic round (no hairpinning over ${
      onEn(advice)
    }): test from another network, a phone on ` +
    `mobile data for example; inside the LAN use ${advice.address ?? "this host's address"} itself.`,
};

/** Simplified Chinese. */
const adviceZhCn: CheckAdviceTexts = {
  "bind-failed": (advice) =>
    `${onZh(advice)} 无法检测（${advice.detail}）：请用 --bind 换一个端口或地址，或不指定。`,
  "no-route": () => "没有到 STUN 服务器的路由：请检查本机是否联网，以及 --interface 是否正确。",
  "no-server": () => "STUN 服务器的域名都无法解析：请检查 DNS，或用 --stun 直接给出地址。",
  "offline": () => "没有任何服务器应答：请检查本机是否联网、防火墙是否放行，或用 --stun 换其他 STUN 服务器。",
  "proxy-fake-ip": (advice) =>
    `${onZh(advice)} 上有 fake-IP 模式的代理在代替服务器应答（${advice.detail}）：看到的是代理，而不是 NAT。`,
  "proxy-accepts-all": (advice) =>
    `${onZh(advice)} 上连不存在的地址都能连通（${advice.detail}）：途中有透明代理或 VPN。`,
  "proxy-too-fast": (advice) => `${onZh(advice)} 上的应答快得不合常理（${advice.detail}）：途中可能有代理。`,
  "contradicted": (advice) =>
    `${
      onZh(advice)
    } 上有一台 STUN 服务器与其他的说法不一（${advice.detail}）：可能途中有代理，或这台服务器不可信；` +
    "请用 --stun 指定其他服务器。",
  "bypass-proxy": () =>
    "请关闭 Clash、OpenClash、PassWall、v2ray 或 VPN，或让 porthole 绕过代理（按进程、按 STUN 端口，或用 --mark N " +
    "配合放行该标记的规则），然后重新检测。",
  "blocked": (advice) =>
    `${onZh(advice)} 似乎被封锁：询问了多台 STUN 服务器，均无应答；请检查本机和所在网络的防火墙，` +
    (advice.other === undefined ? "或用 --stun 换其他服务器。" : `或改用 ${names([advice.other], "")}。`),
  "stun-dead": (advice) =>
    `${
      onZh(advice)
    } 上应答的 STUN 服务器太少：请用 --stun HOST 指定其他服务器；porthole stun 可查看哪些有应答。`,
  "time-up": (advice) => `${onZh(advice)} 的检测超时，未能全部完成：请重新检测。`,
  "open-internet": (advice) =>
    `没有 NAT：${
      advice.address ?? "本机"
    } 上的服务本来就能从公网访问，不需要 porthole，但照样可用。请在本机防火墙放行端口。`,
  "one-to-one": (advice) =>
    `这是云主机的 1:1 NAT：端口号不变，任何人都能进来，不需要 porthole，但照样可用。请在安全组放行端口 ${
      portOf(advice)
    }。`,
  "firewall": (advice) =>
    `没有 NAT，但防火墙挡住了外人：请在本机放行到 ${advice.address ?? "本机"} 的 ${onZh(advice)} ${
      portOf(advice)
    }，` +
    (advice.family === 6
      ? `并在路由器${advice.router ? ` ${advice.router} ` : ""}的 IPv6 防火墙放行，或让 porthole 向它申请：` +
        `${openCommand(advice)} --gateway force`
      : "并在路由器或云服务商的安全组放行。"),
  "full-cone": (advice) => `下一步：${openCommand(advice)}；路由器和光猫都不需要设置。`,
  "filtered": (advice) =>
    `${onZh(advice)} 上只有本机先联系过的对端才能进来（${KINDS_ZH[advice.kind]}）：` +
    (advice.hasRouter
      ? "多半是自己的路由器在过滤，否则是运营商。"
      : "本机前面没有自己的路由器，所以是本机防火墙或运营商在过滤。"),
  "port-forward": (advice) =>
    `请在路由器${advice.router === undefined ? "" : ` ${advice.router} `}上设置端口转发：${onZh(advice)} ${
      forwardOf(advice)
    }；内外端口号必须相同。`,
  "ask-router": (advice) =>
    `或让 porthole 自动向路由器申请（UPnP、NAT-PMP 或 PCP）：${openCommand(advice)} --gateway force`,
  "dmz": (advice) =>
    `或在路由器${advice.router === undefined ? "" : ` ${advice.router} `}上把 ${
      advice.address ?? "本机"
    } 设为 DMZ 主机；之后重新检测，就能看出运营商是否也在过滤。`,
  "one-layer": ({ router, far }) =>
    `路由器 ${router} 自己就有公网地址 ${far}：只有一层 NAT，所以是路由器或本机防火墙的问题，而不是运营商。`,
  "carrier-layer": ({ router, far }) =>
    `路由器 ${router} 的外侧地址是 ${far}，属于运营商级 NAT：有两层 NAT，两层都要放外人进来。`,
  "modem-layer": (advice) =>
    `路由器 ${advice.router} 的外侧地址是 ${advice.far}，不是公网地址：还有另一台路由器（多半是光猫）也在做 NAT。` +
    `请在那里也设置端口转发：${onZh(advice)} ${forwardOf({ ...advice, address: advice.far })}。`,
  "bridge-mode": () =>
    "如果光猫也在做路由（两层 NAT），请把光猫改为桥接，由路由器拨号；或者在路由器上运行 porthole。",
  "host-firewall": () =>
    "检查本机防火墙是否丢弃外来的连接（nft list ruleset、ufw status、Windows Defender）。",
  "symmetric": (advice) =>
    `${onZh(advice)} 上每个目的地看到的公网端点都不同（对称型，NAT 4）：无法告诉别人该连哪里。`,
  "symmetric-router": () =>
    "如果是自己的路由器造成的：请开启全锥形 NAT 或静态端口（OpenWrt、pfSense、OPNsense），并对本机关闭多 WAN、VPN 或负载均衡。",
  "another-uplink": () => "可换一条线路再试（--interface），例如手机移动数据。",
  "ask-carrier": () => "如果是运营商造成的：请申请公网 IPv4 或全锥形 NAT。",
  "try-ipv6": () => "也可以现在就试 IPv6：porthole check -6",
  "inner-nat": (advice) =>
    `外部看到的地址 ${advice.external} 不是公网地址（${
      advice.scope === "cgn" ? "运营商级 NAT" : "内网"
    }）：更外面还有一层 NAT，而 STUN 服务器在它之内。` +
    "请使用公网的 STUN 服务器，并把光猫改为桥接。",
  "several-addresses": (advice) =>
    `NAT 使用多个公网地址（${
      advice.addresses.join("、")
    }）：请以 porthole 公布的端点为准，不要用网页上查到的地址。`,
  "filtering-unknown": (advice) =>
    `没有人看到外人能否通过 ${
      onZh(advice)
    } 进来：请在另一台主机上运行 porthole reflector，再用 --reflector URL 重新检测；` +
    `或运行 ${openCommand(advice)} --test，用手机移动数据试一下。`,
  "outside-unsure": (advice) => `反射器无法判断（${advice.detail}）：请用 porthole reach 查看。`,
  "reflector-known": (advice) =>
    `反射器进来了，但来自本机通信过的地址（${advice.detail}）：请让它使用 --from-address，以陌生人的身份来连接。`,
  "no-rfc5780": () =>
    "有应答的 STUN 服务器都不支持 RFC 5780，看不出 UDP 的过滤行为：请用 --stun 指定支持的服务器（porthole stun 可查看）。",
  "no-hairpin": (advice) =>
    `NAT 不支持回环（${onZh(advice)}）：请从其他网络测试，例如手机移动数据；在局域网内请直接使用 ${
      advice.address ?? "本机地址"
    }。`,
};

/** Every code there is. */
export const ADVICE_CODES: readonly string[] = Object.keys(adviceEn);

/** The words of an advice in a language. */
export function adviceText(advice: CheckAdvice, lang: Lang): string {
  // The code decides which words and which facts belong together.
  const words = (lang === "zh-CN" ? adviceZhCn : adviceEn)[advice.code] as (advice: CheckAdvice) => string;
  return words(advice);
}
