import { type ReachVerdicts, reachVerdictsEn, reachVerdictsZhCn } from "./reach_verdict_texts.ts";

/** What `--help` says. */
export interface ReachHelpTexts {
  readonly reach: string;
  readonly reachLong: string;
  readonly endpoint: string;
  readonly udp: string;
  readonly from: string;
  readonly token: string;
  readonly isPublic: string;
  readonly target: string;
  readonly listen: string;
  readonly send: string;
  readonly timeout: string;
  readonly reflector: string;
  readonly reflectorLong: string;
  readonly reflectorListen: string;
  readonly reflectorToken: string;
  readonly fromAddress: string;
  readonly behindProxy: string;
  readonly tlsCert: string;
  readonly tlsKey: string;
}

/** One line for each mistake on the command line. */
export interface ReachUsageTexts {
  readonly badEndpoint: (text: string) => string;
  readonly badListen: (text: string) => string;
  readonly badSend: (text: string) => string;
  readonly badUrl: (text: string) => string;
  readonly badSecret: (reason: string) => string;
  readonly badToken: string;
  readonly needs: (flag: string, other: string) => string;
  readonly publicUdp: string;
  readonly listenMissing: string;
  readonly tokenMissing: (listen: string) => string;
  readonly fromNeedsAddress: (listen: string) => string;
  readonly fromIsListen: (address: string) => string;
  readonly fromFamily: (address: string) => string;
  readonly badTls: (reason: string) => string;
}

/** Texts of `porthole reach` `porthole reflector`. */
export interface ReachTexts {
  readonly help: ReachHelpTexts;
  readonly usage: ReachUsageTexts;
  /** What stands before each line of the report. */
  readonly labels: {
    readonly endpoint: string;
    readonly target: string;
    readonly hairpin: string;
    readonly reflector: string;
    readonly verdict: string;
  };
  readonly states: Readonly<Record<"yes" | "no" | "unknown", string>>;
  /** Why a finding is what it is. */
  readonly reasons: Readonly<
    Record<
      | "connected"
      | "reset"
      | "answered"
      | "token"
      | "listening"
      | "says-open"
      | "says-closed"
      | "refused"
      | "timeout"
      | "unreachable"
      | "silent"
      | "other"
      | "own-address",
      string
    >
  >;
  /** It sees this host at another address. */
  readonly otherAddress: (seen: string) => string;
  /** Nobody could even try. */
  readonly failed: (reason: string) => string;
  /** Added to a look from outside. */
  readonly notes: {
    readonly asked: string;
    readonly notAsked: string;
    readonly unnamed: string;
  };
  readonly between: string;
  readonly verdicts: ReachVerdicts;
  /** The token goes over the net readable for everybody. */
  readonly plainToken: string;
  readonly shortToken: string;
  readonly listening: (url: string) => string;
  readonly probesFrom: (address: string) => string;
}

/** English. */
export const reachEn: ReachTexts = {
  help: {
    reach: "Find out whether strangers reach an endpoint.",
    reachLong:
      "Tries ENDPOINT (a public address and port; PORT alone is one of this host's public address) from here, and from outside by a reflector of yours (--from) or by public port checkers (--public). Ends with 0 if somebody outside got in, else with 1.",
    endpoint: "The endpoint: IP:PORT, [V6]:PORT, NAME:PORT, or PORT at this host's public address.",
    udp: "Over UDP instead of TCP.",
    from: 'URL of a "porthole reflector" on another host.',
    token: "Its token: env:NAME, file:PATH, or the token itself.",
    isPublic:
      "Ask ifconfig.co and portcheck.transmissionbt.com too (TCP); they learn the port and your address.",
    target: "Try the service itself too: HOST:PORT, or PORT on this host.",
    listen: "No service is there: listen on this local port meanwhile, to see who comes in.",
    send: "A datagram that the service answers, 1 to 32 bytes in hexadecimal digits.",
    timeout: "Limit of each attempt. Default 5s.",
    reflector: "Try endpoints for porthole reach from outside.",
    reflectorLong:
      "An HTTP service for another host, outside of the NAT: whoever asks with the token is tried at the address it asks from, at the port it names. Nothing else is ever tried.",
    reflectorListen: "Where to listen, for example 203.0.113.7:8080.",
    reflectorToken:
      "Token that callers must show: env:NAME, file:PATH, or the token itself. Not needed on loopback.",
    fromAddress:
      "Try from this other address of the host, which no caller talks to: only that proves that all strangers get in.",
    behindProxy: "Callers come through a reverse proxy of yours: take the last address of X-Forwarded-For.",
    tlsCert: "Serve HTTPS with this certificate chain (PEM).",
    tlsKey: "Private key of the certificate (PEM).",
  },
  usage: {
    badEndpoint: (text) =>
      `Cannot use endpoint "${text}": expected HOST:PORT, or PORT alone, from 1 to 65535`,
    badListen: (text) => `Cannot use "${text}": expected a local port from 1 to 65535, or IP:PORT`,
    badSend: (text) => `Cannot use "${text}": expected 1 to 32 bytes in hexadecimal digits`,
    badUrl: (text) => `Cannot use "${text}": expected an http or https URL without credentials and query`,
    badSecret: (reason) => `Cannot read the token: ${reason}`,
    badToken: "Cannot use the token: it has characters that HTTP cannot carry; take letters and digits",
    needs: (flag, other) => `${flag} makes no sense without ${other}`,
    publicUdp: "The public port checkers know TCP only; leave --public out, or use --from",
    listenMissing: "Where to listen is missing; give --listen IP:PORT",
    tokenMissing: (listen) =>
      `On ${listen} strangers could make this host try ports; give --token env:NAME, or listen on 127.0.0.1`,
    fromNeedsAddress: (listen) =>
      `--from-address needs --listen with another address of this host, not ${listen}`,
    fromIsListen: (address) =>
      `--from-address ${address} is what callers talk to; give another address of this host`,
    fromFamily: (address) => `--from-address ${address} is of another IP version than --listen`,
    badTls: (reason) => `Cannot use the certificate or its key: ${reason}`,
  },
  labels: {
    endpoint: "endpoint",
    target: "target",
    hairpin: "hairpin",
    reflector: "reflector",
    verdict: "verdict",
  },
  states: { yes: "yes", no: "no", unknown: "unknown" },
  reasons: {
    "connected": "a connection was accepted",
    "reset": "a connection was accepted, then reset, as forwarders do whose target is closed",
    "answered": "a datagram was answered",
    "token": "what was sent there came to our listener",
    "listening": "our own listener is there",
    "says-open": "it says it got in",
    "says-closed": "it says it did not get in",
    "refused": "refused",
    "timeout": "no answer in time",
    "unreachable": "unreachable, says a router",
    "silent": "no answer, which says nothing: UDP services may be silent",
    "other": "something accepted, but it was not our listener",
    "own-address": "the address is this host's own, no NAT is in between",
  },
  otherAddress: (seen) => `it sees this host at ${seen} and tests only that address`,
  failed: (reason) => `could not be tried: ${reason}`,
  notes: {
    asked: "from the address we had asked, another port",
    notAsked: "from an address we never talked to",
    unnamed: "it does not say which address it tested",
  },
  between: "; ",
  verdicts: reachVerdictsEn,
  plainToken: "The token goes to the reflector over plain HTTP, readable on the way; use an https URL",
  shortToken: "The token is short and could be guessed; 20 random characters are safe",
  listening: (url) => `reflector on ${url}`,
  probesFrom: (address) => `tries callers from ${address}`,
};

/** Simplified Chinese. */
export const reachZhCn: ReachTexts = {
  help: {
    reach: "查明外人能否到达某个端点。",
    reachLong:
      "从本机尝试 ENDPOINT（公网地址加端口；只写 PORT 表示本机公网地址上的端口），并从外部尝试：用你自己的反射器（--from），或公共端口检测网站（--public）。有外人连进来时退出码为 0，否则为 1。",
    endpoint: "端点：IP:PORT、[V6]:PORT、NAME:PORT，只写 PORT 表示本机公网地址上的端口。",
    udp: "用 UDP，而不是 TCP。",
    from: "另一台主机上 “porthole reflector” 的 URL。",
    token: "它的令牌：env:NAME、file:PATH，或令牌本身。",
    isPublic: "同时询问 ifconfig.co 与 portcheck.transmissionbt.com（TCP）；它们会得知端口和你的地址。",
    target: "同时尝试服务本身：HOST:PORT，只写 PORT 表示本机。",
    listen: "端口上没有服务：检测期间由本程序监听这个本地端口，看谁能进来。",
    send: "服务会应答的数据报，1 到 32 字节，写成十六进制。",
    timeout: "每次尝试的时限。默认 5s。",
    reflector: "在外部为 porthole reach 试探端点。",
    reflectorLong:
      "运行在 NAT 之外另一台主机上的 HTTP 服务：对出示令牌的请求者，按其来源地址和它所说的端口试连。绝不尝试其他地址。",
    reflectorListen: "监听地址，例如 203.0.113.7:8080。",
    reflectorToken: "请求者必须出示的令牌：env:NAME、file:PATH，或令牌本身。只监听本机回环时可以不要。",
    fromAddress: "从本机的另一个地址试连，请求者从未与它通信：只有这样才能证明任何外人都能进来。",
    behindProxy: "请求经过你自己的反向代理：取 X-Forwarded-For 的最后一个地址。",
    tlsCert: "以此证书链（PEM）提供 HTTPS。",
    tlsKey: "证书的私钥（PEM）。",
  },
  usage: {
    badEndpoint: (text) => `端点 “${text}” 无效：应为 HOST:PORT，或只写 PORT，范围 1 到 65535`,
    badListen: (text) => `“${text}” 无效：应为 1 到 65535 的本地端口，或 IP:PORT`,
    badSend: (text) => `“${text}” 无效：应为 1 到 32 字节的十六进制数`,
    badUrl: (text) => `“${text}” 无效：应为不带凭据和查询参数的 http 或 https URL`,
    badSecret: (reason) => `无法读取令牌：${reason}`,
    badToken: "令牌无法使用：含有 HTTP 不能传输的字符；请只用字母和数字",
    needs: (flag, other) => `${flag} 必须与 ${other} 一起使用`,
    publicUdp: "公共端口检测网站只支持 TCP；请去掉 --public，或改用 --from",
    listenMissing: "没有说明在哪里监听；请给出 --listen IP:PORT",
    tokenMissing: (listen) =>
      `在 ${listen} 上，任何人都能让本机试探端口；请给出 --token env:NAME，或只监听 127.0.0.1`,
    fromNeedsAddress: (listen) => `--from-address 要求 --listen 给出本机的另一个具体地址，而不是 ${listen}`,
    fromIsListen: (address) => `--from-address ${address} 正是请求者通信的地址；请给出本机的另一个地址`,
    fromFamily: (address) => `--from-address ${address} 与 --listen 的 IP 版本不同`,
    badTls: (reason) => `证书或私钥无法使用：${reason}`,
  },
  labels: {
    endpoint: "端点",
    target: "目标",
    hairpin: "回环",
    reflector: "反射器",
    verdict: "结论",
  },
  states: { yes: "通", no: "不通", unknown: "未知" },
  reasons: {
    "connected": "连接被接受",
    "reset": "连接被接受后又被重置：目标关闭时，转发程序会这样",
    "answered": "数据报得到应答",
    "token": "发往那里的内容到达了我们的监听端口",
    "listening": "由我们自己监听",
    "says-open": "它说能连上",
    "says-closed": "它说连不上",
    "refused": "被拒绝",
    "timeout": "限时内没有应答",
    "unreachable": "路由器报告不可达",
    "silent": "没有应答，但不说明问题：UDP 服务可以不应答",
    "other": "有程序接受了连接，但不是我们的监听端口",
    "own-address": "这是本机自己的地址，中间没有 NAT",
  },
  otherAddress: (seen) => `它看到的本机地址是 ${seen}，而且只检测该地址`,
  failed: (reason) => `无法尝试：${reason}`,
  notes: {
    asked: "来自我们询问过的地址，但端口不同",
    notAsked: "来自我们从未通信过的地址",
    unnamed: "它没有说明检测的是哪个地址",
  },
  between: "；",
  verdicts: reachVerdictsZhCn,
  plainToken: "令牌以明文 HTTP 发给反射器，途中可被看到；请使用 https URL",
  shortToken: "令牌太短，可能被猜中；20 个随机字符才安全",
  listening: (url) => `反射器地址：${url}`,
  probesFrom: (address) => `从 ${address} 试连请求者`,
};
