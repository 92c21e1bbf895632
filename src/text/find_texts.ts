/** Ways of finding an endpoint that a line can name. */
export type FindWayWord = "pot" | "srv" | "https" | "ip4p" | "address";

/** Texts of `porthole resolve` `porthole connect` `porthole access` `porthole pot` `porthole ip4p`. */
export interface FindTexts {
  /** What `--help` says. */
  readonly help: {
    readonly resolve: string;
    readonly resolveLong: string;
    readonly connect: string;
    readonly connectLong: string;
    readonly access: string;
    readonly accessLong: string;
    readonly pot: string;
    readonly potLong: string;
    readonly name: string;
    readonly service: string;
    readonly via: string;
    readonly server: string;
    readonly doh: string;
    readonly port: string;
    readonly ipv4: string;
    readonly ipv6: string;
    readonly tcp: string;
    readonly udp: string;
    readonly timeout: string;
    readonly listen: string;
    readonly public: string;
    readonly potAction: string;
    readonly potWords: string;
    readonly ip4pWords: string;
  };
  /** One line for each mistake on the command line. */
  readonly usage: {
    readonly badName: (text: string) => string;
    readonly badService: (text: string) => string;
    readonly badServer: (text: string) => string;
    readonly badDoh: (text: string) => string;
    readonly badPort: (text: string) => string;
    readonly badListen: (text: string) => string;
    readonly badEntry: (text: string) => string;
    readonly missingListen: string;
    readonly missingWords: (action: string) => string;
    readonly tooManyWords: (action: string) => string;
    readonly notLoopback: (listen: string) => string;
    readonly needsTcp: (service: string) => string;
    readonly notPot: string;
    readonly notIp4p: (text: string) => string;
    readonly notIpv4: (text: string) => string;
  };
  /** Lines of `access`. */
  readonly line: {
    readonly listening: (listen: string, subject: string) => string;
    readonly found: (endpoint: string, way: string) => string;
    readonly moved: (previous: string, endpoint: string) => string;
    readonly notFound: (reason: string) => string;
  };
  /** How an endpoint was found. */
  readonly ways: Readonly<Record<FindWayWord, string>>;
  /** Warnings on stderr. */
  readonly warning: {
    readonly fakeIp: (address: string) => string;
    readonly wayFailed: (way: string, reason: string) => string;
    readonly usualPort: (port: number) => string;
  };
  /** What to do, after the reason, on the same line. */
  readonly hint: {
    readonly fakeIp: string;
    readonly dns: string;
    readonly service: string;
    readonly refused: string;
    readonly silent: string;
  };
}

/** English. */
export const findEn: FindTexts = {
  help: {
    resolve: "Print where a name leads now: address and port.",
    resolveLong:
      "Looks NAME up and prints ADDRESS:PORT: from a POT TXT record, SRV, HTTPS or SVCB, an IP4P address, or at last " +
      "its own address with the usual port. Exits with 1 if there is nothing.",
    connect: "Join stdin and stdout to where a name leads: an ssh ProxyCommand.",
    connectLong:
      'Connects over TCP to what resolve would print and carries stdin and stdout: ProxyCommand "porthole connect %h ' +
      '--service ssh_tcp". Nothing but the stream is on stdout. If nobody accepts, NAME is looked up once more.',
    access: "Be a local port that always leads to where a name leads now.",
    accessLong:
      "Listens on a port of this machine and leads every client to where NAME is at that moment. When it moves, UDP " +
      "clients go along, and new TCP connections go to the new endpoint.",
    pot: 'Encode, decode or change the content of "port over TXT" records.',
    potLong:
      "pot encode ssh_tcp:12345 … prints a content; pot decode CONTENT prints its entries, - reads it from stdin; " +
      "pot set CONTENT ssh_tcp:12345 … changes entries and keeps the others.",
    name: "Domain name, or address.",
    service: "Which service: ssh_tcp, ssh, _minecraft._tcp, or a preset: mcje, mcbe, web, tcp, udp.",
    via: "The only way that counts: pot, srv, https, ip4p or address. Default auto: all, in this order.",
    server: "Name server to ask, IP[:PORT], instead of the system's.",
    doh: "Ask over HTTPS instead (RFC 8484): past proxies that make up addresses.",
    port: "Port if no record names one, instead of the service's usual one.",
    ipv4: "IPv4 only.",
    ipv6: "IPv6 only.",
    tcp: "The service runs over TCP (default).",
    udp: "The service runs over UDP.",
    timeout: "How long a connection may take to be accepted. Default 10s.",
    listen: "Where clients come: IP:PORT, or PORT alone for 127.0.0.1.",
    public: "Let other machines in: allows --listen on an address that is not this machine's own.",
    potAction: "encode, decode or set.",
    potWords: "Entries NAME_tcp:PORT or NAME_udp:PORT; for decode and set the content comes first.",
    ip4pWords: "encode ENDPOINT, decode ADDRESS, or one of both alone: IPv4 endpoint or IP4P address.",
  },
  usage: {
    badName: (text) => `Cannot use name "${text}": expected a domain name or an address`,
    badService: (text) =>
      `Cannot use service "${text}": expected NAME_tcp, NAME_udp, NAME, _NAME._tcp, mcje, mcbe, web, tcp or udp`,
    badServer: (text) => `Cannot use name server "${text}": expected IP or IP:PORT, IPv6 as [ADDRESS]:PORT`,
    badDoh: (text) => `Cannot use "${text}" for DNS over HTTPS: expected https://HOST/PATH`,
    badPort: (text) => `Cannot use port "${text}": expected 1 to 65535`,
    badListen: (text) => `Cannot listen on "${text}": expected IP:PORT, or PORT alone for 127.0.0.1`,
    badEntry: (text) => `Cannot use entry "${text}": expected NAME_tcp:PORT or NAME_udp:PORT`,
    missingListen: "--listen is missing: say where clients come, as in --listen 127.0.0.1:3389",
    missingWords: (action) => `Something is missing after ${action}`,
    tooManyWords: (action) => `There is too much after ${action}`,
    notLoopback: (listen) =>
      `Cannot listen on ${listen}: other machines would get in; say --public if that is meant`,
    needsTcp: (service) => `Cannot connect to ${service}: it runs over UDP, for which there is access`,
    notPot: "Cannot decode this: it is no POT content (base64 of lines NAME_tcp:PORT)",
    notIp4p: (text) => `Cannot decode "${text}": it is no IP4P address`,
    notIpv4: (text) => `Cannot encode "${text}": expected an IPv4 endpoint ADDRESS:PORT`,
  },
  line: {
    listening: (listen, subject) => `${listen} leads to ${subject}`,
    found: (endpoint, way) => `it is at ${endpoint} (${way})`,
    moved: (previous, endpoint) => `it moved from ${previous} to ${endpoint}`,
    notFound: (reason) => `not found for now: ${reason}`,
  },
  ways: {
    pot: "POT TXT record",
    srv: "SRV record",
    https: "HTTPS record",
    ip4p: "IP4P address",
    address: "its own address",
  },
  warning: {
    fakeIp: (address) =>
      `${address} is made up by a transparent proxy (198.18.0.0/15); --doh https://1.1.1.1/dns-query asks past it`,
    wayFailed: (way, reason) =>
      `This may not be the right endpoint: ${way} could not be looked up: ${reason}`,
    usualPort: (port) => `No record names a port: ${port} is only the usual one`,
  },
  hint: {
    fakeIp:
      "a transparent proxy makes up addresses (198.18.0.0/15); --doh https://1.1.1.1/dns-query asks past it",
    dns: "--server or --doh asks another name server",
    service: "--service says which",
    refused: "nothing listens there any more, or the mapping has moved and its records have not",
    silent: "the mapping may have moved and its records have not, or a firewall drops it",
  },
};

/** Simplified Chinese. */
export const findZhCn: FindTexts = {
  help: {
    resolve: "输出一个名称当前指向的地址和端口。",
    resolveLong:
      "查询 NAME 并输出 地址:端口：依次取自 POT TXT 记录、SRV、HTTPS 或 SVCB、IP4P 地址，最后才是其自身地址加常用端口。" +
      "什么都没有时退出状态为 1。",
    connect: "把标准输入输出接到名称当前指向的位置：用作 ssh 的 ProxyCommand。",
    connectLong:
      "以 TCP 连接到 resolve 会输出的端点，并转送标准输入输出：ProxyCommand “porthole connect %h --service ssh_tcp”。" +
      "标准输出上只有数据流本身。无法连上时会重新查询一次 NAME。",
    access: "提供一个本地端口，它始终通往名称当前指向的位置。",
    accessLong:
      "监听本机的一个端口，把每个客户端带到 NAME 此刻所在的端点。端点变动时，UDP 客户端随之转移，新的 TCP 连接通往新端点。",
    pot: "编码、解码或修改“端口写入 TXT”（POT）记录的内容。",
    potLong: "pot encode ssh_tcp:12345 … 输出内容；pot decode 内容 输出其中各项，- 表示从标准输入读取；" +
      "pot set 内容 ssh_tcp:12345 … 修改指定项，其余保持不变。",
    name: "域名或地址。",
    service: "哪个服务：ssh_tcp、ssh、_minecraft._tcp，或预设 mcje、mcbe、web、tcp、udp。",
    via: "只用这一种方式：pot、srv、https、ip4p 或 address。默认 auto：按此顺序全部尝试。",
    server: "要查询的域名服务器 IP[:端口]，代替系统所设。",
    doh: "改用 HTTPS 查询（RFC 8484）：绕过编造地址的代理。",
    port: "没有记录给出端口时使用的端口，代替该服务的常用端口。",
    ipv4: "只用 IPv4。",
    ipv6: "只用 IPv6。",
    tcp: "该服务使用 TCP（默认）。",
    udp: "该服务使用 UDP。",
    timeout: "等待连接被接受的时间。默认 10s。",
    listen: "客户端连接的位置：IP:端口，或只写端口表示 127.0.0.1。",
    public: "允许其他机器接入：--listen 可以使用本机回环以外的地址。",
    potAction: "encode、decode 或 set。",
    potWords: "各项写作 NAME_tcp:端口 或 NAME_udp:端口；decode 和 set 先写内容。",
    ip4pWords: "encode 端点、decode 地址，或只写其中之一：IPv4 端点或 IP4P 地址。",
  },
  usage: {
    badName: (text) => `名称 “${text}” 无效：应为域名或地址`,
    badService: (text) =>
      `服务 “${text}” 无效：应为 NAME_tcp、NAME_udp、NAME、_NAME._tcp、mcje、mcbe、web、tcp 或 udp`,
    badServer: (text) => `域名服务器 “${text}” 无效：应为 IP 或 IP:端口，IPv6 写作 [地址]:端口`,
    badDoh: (text) => `“${text}” 不能用于 DNS over HTTPS：应为 https://主机/路径`,
    badPort: (text) => `端口 “${text}” 无效：应为 1 到 65535`,
    badListen: (text) => `无法监听 “${text}”：应为 IP:端口，或只写端口表示 127.0.0.1`,
    badEntry: (text) => `项 “${text}” 无效：应为 NAME_tcp:端口 或 NAME_udp:端口`,
    missingListen: "缺少 --listen：请写明客户端连接的位置，例如 --listen 127.0.0.1:3389",
    missingWords: (action) => `${action} 之后缺少内容`,
    tooManyWords: (action) => `${action} 之后的内容过多`,
    notLoopback: (listen) => `不能监听 ${listen}：其他机器将能接入；若确有此意，请加 --public`,
    needsTcp: (service) => `无法连接 ${service}：它使用 UDP，请改用 access`,
    notPot: "无法解码：这不是 POT 内容（由 NAME_tcp:端口 各行组成的 base64）",
    notIp4p: (text) => `无法解码 “${text}”：它不是 IP4P 地址`,
    notIpv4: (text) => `无法编码 “${text}”：应为 IPv4 端点 地址:端口`,
  },
  line: {
    listening: (listen, subject) => `${listen} 通往 ${subject}`,
    found: (endpoint, way) => `位于 ${endpoint}（${way}）`,
    moved: (previous, endpoint) => `已从 ${previous} 移到 ${endpoint}`,
    notFound: (reason) => `暂时找不到：${reason}`,
  },
  ways: {
    pot: "POT TXT 记录",
    srv: "SRV 记录",
    https: "HTTPS 记录",
    ip4p: "IP4P 地址",
    address: "自身地址",
  },
  warning: {
    fakeIp: (address) =>
      `${address} 是透明代理编造的地址（198.18.0.0/15）；用 --doh https://1.1.1.1/dns-query 可绕过它`,
    wayFailed: (way, reason) => `这可能不是正确的端点：${way} 查询失败：${reason}`,
    usualPort: (port) => `没有记录给出端口：${port} 只是常用端口`,
  },
  hint: {
    fakeIp: "透明代理在编造地址（198.18.0.0/15）；用 --doh https://1.1.1.1/dns-query 可绕过它",
    dns: "可用 --server 或 --doh 改问别的域名服务器",
    service: "请用 --service 指明是哪个服务",
    refused: "那里已没有服务在监听，或者映射已变而记录尚未更新",
    silent: "映射可能已变而记录尚未更新，或者被防火墙丢弃",
  },
};
