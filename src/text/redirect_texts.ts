/** Texts of `porthole redirect`. */
export interface RedirectTexts {
  /** What `--help` says. */
  readonly help: {
    readonly redirect: string;
    readonly redirectLong: string;
    readonly listen: string;
    readonly name: string;
    readonly scheme: string;
    readonly status: string;
    readonly host: string;
  };
  readonly listening: (url: string) => string;
  /** Logged once, until it is there again. */
  readonly noDaemon: (reason: string) => string;
}

/** English. */
export const redirectEn: RedirectTexts = {
  help: {
    redirect: "Send browsers to the current public endpoint.",
    redirectLong:
      "Answers every request with a redirect to the public endpoint of a tunnel of the running daemon, path and " +
      "query kept: a web address that stays while the endpoint moves.",
    listen: "Address and port to listen on; repeatable. Default 0.0.0.0:8080.",
    name: "Name of the TCP tunnel. Default: the only one there is.",
    scheme: "Of the new address: http or https. Default http.",
    status: "302, or 307, which keeps method and body. Default 302.",
    host: "Name to use instead of the public address, one with a certificate for example.",
  },
  listening: (url) => `front door: ${url}`,
  noDaemon: (reason) => `Cannot tell where the tunnel is: ${reason}`,
};

/** Simplified Chinese. */
export const redirectZhCn: RedirectTexts = {
  help: {
    redirect: "把浏览器引导到当前的公网端点。",
    redirectLong:
      "对每个请求都答以重定向，指向正在运行的守护进程中某条隧道的公网端点，路径和查询保持不变：端点变动，网址不变。",
    listen: "监听的地址和端口，可重复。默认 0.0.0.0:8080。",
    name: "TCP 隧道的名称。默认是唯一的那一条。",
    scheme: "新地址的协议：http 或 https。默认 http。",
    status: "302，或保留方法和正文的 307。默认 302。",
    host: "用来代替公网地址的名称，例如持有证书的域名。",
  },
  listening: (url) => `入口：${url}`,
  noDaemon: (reason) => `无法得知隧道的位置：${reason}`,
};
