/** A verdict of `porthole reach` in words, and what to do about it. */
export interface ReachVerdictTexts {
  readonly line: string;
  readonly steps: readonly string[];
}

/** Every verdict, with what makes a difference to people: who got in, and what could be tried next. */
export type ReachVerdicts = Readonly<
  Record<
    | "open-to-all"
    | "open-to-asked"
    | "open"
    | "target-closed"
    | "punching-failed"
    | "firewall"
    | "closed"
    | "unknown-udp"
    | "unknown-inside"
    | "unknown-unasked"
    | "unknown",
    ReachVerdictTexts
  >
>;

/** English. */
export const reachVerdictsEn: ReachVerdicts = {
  "open-to-all": {
    line: "open: strangers get in, from any address",
    steps: ["Nothing to do: give the endpoint away."],
  },
  "open-to-asked": {
    line: "open: somebody outside got in, from the address that was asked but another port",
    steps: [
      "Nothing in between filters by port (it is no port restricted cone). Some NATs and firewalls filter by address and would have let in just this one.",
      "To be sure about all strangers, run the reflector with --from-address, or try from a phone on mobile data.",
    ],
  },
  "open": {
    line: "open: somebody outside got in",
    steps: [
      "It is not known whether its address was one this host had talked to; try from a phone on mobile data to be sure.",
    ],
  },
  "target-closed": {
    line: "the target is closed: the service itself accepts nobody",
    steps: [
      "Start the service, and see that it listens on that address and port and not on 127.0.0.1 only.",
      "See whether this host's own firewall lets the port in (nft list ruleset, ufw status, Windows Defender).",
    ],
  },
  "punching-failed": {
    line: "hole punching failed: the service is there, but nobody gets through the NAT",
    steps: [
      "See that porthole keeps this very endpoint open now: porthole status.",
      "Run porthole check: a restricted or symmetric NAT (NAT 2 to 4) lets no strangers in.",
      "If there is a router of your own, set it to DMZ or forward the local port to this host, or put the modem into bridge mode.",
    ],
  },
  "firewall": {
    line: "a firewall: the endpoint works from inside, but those outside are kept out",
    steps: [
      "See whether the router or the modem has a firewall (an IPv6 one too) and allow the local port there.",
      "See whether this host's own firewall drops what does not come from the LAN.",
      "Some carriers block single ports or filter by address: try another local port, and run porthole check.",
    ],
  },
  "closed": {
    line: "closed: nobody outside gets in, and it cannot be told what is to blame",
    steps: [
      "Give --target HOST:PORT to try the service itself, or stop it and use --listen PORT.",
      "Run porthole check to see what the NAT does.",
    ],
  },
  "unknown-udp": {
    line: "unknown: no answer came, which over UDP says nothing",
    steps: [
      "Stop the service and use --listen PORT: our own listener tells for sure.",
      "Or give --send with a datagram that the service answers.",
    ],
  },
  "unknown-inside": {
    line: "unknown: it works from this host through the NAT and back, but nobody outside could tell",
    steps: [
      "Run porthole reflector on a host elsewhere and give --from, or allow --public (TCP), or try from a phone on mobile data.",
    ],
  },
  "unknown-unasked": {
    line: "unknown: nobody outside was asked",
    steps: [
      "Many NATs do not turn traffic round, so what this host sees proves nothing.",
      "Run porthole reflector on a host elsewhere and give --from, or allow --public (TCP), or try from a phone on mobile data.",
    ],
  },
  "unknown": {
    line: "unknown: nobody outside could tell",
    steps: [
      "The lines above say why. If they see another address, switch the proxy or VPN off, or give the endpoint as it is now.",
    ],
  },
};

/** Simplified Chinese. */
export const reachVerdictsZhCn: ReachVerdicts = {
  "open-to-all": {
    line: "通：任何地址的外人都能进来",
    steps: ["无需处理：把端点告诉别人即可。"],
  },
  "open-to-asked": {
    line: "通：有外人进来了，来自询问过的地址，但端口不同",
    steps: [
      "途中没有按端口过滤（不是端口受限锥形）。但有些 NAT 和防火墙按地址过滤，可能只放进了这一个。",
      "要确认所有外人都能进来，请让反射器使用 --from-address，或用手机移动数据试一下。",
    ],
  },
  "open": {
    line: "通：有外人进来了",
    steps: ["不清楚对方的地址是否与本机通信过；可用手机移动数据再试一下。"],
  },
  "target-closed": {
    line: "目标关闭：服务本身就不接受连接",
    steps: [
      "请启动服务，并确认它监听的是这个地址和端口，而不只是 127.0.0.1。",
      "检查本机防火墙是否放行该端口（nft list ruleset、ufw status、Windows Defender）。",
    ],
  },
  "punching-failed": {
    line: "打洞失败：服务正常，但无人能穿过 NAT",
    steps: [
      "确认 porthole 现在保持的正是这个端点：porthole status。",
      "运行 porthole check：受限锥形或对称 NAT（NAT 2 到 4）不放外人进来。",
      "如果有自己的路由器，请把本机设为 DMZ，或把本地端口转发到本机，或将光猫改为桥接。",
    ],
  },
  "firewall": {
    line: "有防火墙：从内部能用，但外人被挡住",
    steps: [
      "检查路由器或光猫是否有防火墙（包括 IPv6 防火墙），并放行本地端口。",
      "检查本机防火墙是否丢弃来自局域网以外的流量。",
      "有些运营商封锁个别端口或按地址过滤：请换一个本地端口，并运行 porthole check。",
    ],
  },
  "closed": {
    line: "不通：外人进不来，原因无法判断",
    steps: [
      "加上 --target HOST:PORT 检测服务本身，或停掉服务后使用 --listen PORT。",
      "运行 porthole check 查看 NAT 的行为。",
    ],
  },
  "unknown-udp": {
    line: "未知：没有收到应答，但 UDP 下这不说明问题",
    steps: [
      "停掉服务后使用 --listen PORT：由我们自己监听即可确定。",
      "或用 --send 给出服务会应答的数据报。",
    ],
  },
  "unknown-inside": {
    line: "未知：从本机经 NAT 绕回来是通的，但没有外人能够证实",
    steps: [
      "请在另一台主机上运行 porthole reflector 并给出 --from，或允许 --public（TCP），或用手机移动数据试一下。",
    ],
  },
  "unknown-unasked": {
    line: "未知：没有询问任何外人",
    steps: [
      "许多 NAT 不支持回环，所以从本机看到的结果不说明问题。",
      "请在另一台主机上运行 porthole reflector 并给出 --from，或允许 --public（TCP），或用手机移动数据试一下。",
    ],
  },
  "unknown": {
    line: "未知：没有外人能够判断",
    steps: ["原因见上面各行。如果它们看到的是另一个地址，请关闭代理或 VPN，或给出现在的端点。"],
  },
};
