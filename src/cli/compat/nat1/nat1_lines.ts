/** What nat1_traversal says, word for word where it is known; scripts look for these lines. */
import { type Endpoint, formatEndpoint } from "../../../core/endpoint.ts";

/** Refusals and lines without values. */
export const LINES = {
  stopping: "用户退出",
  stoppingNow: "强制退出",
  noLocal: "缺少参数 --local",
  sharedPortZero: "共端口模式port不能为0",
  udpShared: "通用UDP仅支持转发模式",
  askForConfig: "是否生成新配置[y/N]：",
  publishing: "开始更新DDNS记录",
  natTest: "正在进行NAT类型测试",
  debugOn: "调试模式已开启",
  debugOff: "调试模式已关闭",
} as const;

/** `ip:port`. */
export const at: (endpoint: Endpoint) => string = formatEndpoint;

/** There is no config.json. */
export function configMissing(path: string): string {
  return `DDNS配置文件 ${path} 未找到`;
}

/** config.json cannot be read, or is none. */
export function configUnreadable(path: string, reason: string): string {
  return `DDNS配置文件 ${path} 读取失败：${reason}`;
}

/** Nobody knows this provider. */
export function unknownProvider(name: string): string {
  return `不受支持的DNS供应商 ${name}`;
}

/** There is no such type. */
export function unknownType(name: string): string {
  return `不支持的type: ${name}`;
}

/** The local address cannot be bound. */
export function localUnusable(reason: string): string {
  return `local地址不可用：${reason}`;
}

/** Ports cannot be shared on this system. */
export function noSharing(system: string): string {
  return `${system}平台不支持共端口模式`;
}

/** `proxy_protocol` has a value that is none. */
export function unknownProxyProtocol(value: string): string {
  return `不支持的proxy_protocol: ${value}`;
}

/** An external endpoint. */
export function mapped(external: Endpoint): string {
  return `获取到映射地址： ${at(external)}`;
}

/** No external endpoint, and why. */
export function mappingFailed(reason: string): string {
  return `获取映射地址失败：${reason}`;
}

/** The external endpoint is not reachable any more. */
export function mappingLost(reason: string): string {
  return `映射地址离线，开始重新映射，${reason}`;
}

/** The local server does not answer. */
export function serverOffline(reason: string): string {
  return `服务器不在线, ${reason}`;
}

/** This host cannot see its own external endpoint. */
export function noHairpinning(reason: string): string {
  return `无法从本机访问映射地址（${reason}），路由器可能不支持NAT回环；映射保持不变，改为查询本地服务器`;
}

/** What the server says about itself. */
export function serverStatus(status: string): string {
  return `MOTD: ${status}`;
}

/** Forwarding runs. */
export function forwarding(internal: Endpoint, external: Endpoint, target: Endpoint): string {
  return `开启从 ${at(internal)}(${at(external)}) 到 ${at(target)} 的端口转发`;
}

/** Records were updated. */
export function published(name: string): string {
  return `DDNS更新成功 ${name}`;
}

/** Records were not updated. */
export function publishFailed(reason: string): string {
  return `DDNS更新失败： ${reason}`;
}

/** A kind of NAT, as a number. */
export function natType(protocol: "tcp" | "udp", number: number): string {
  return `${protocol.toUpperCase()}: NAT${number}`;
}

/** What a query found; `MCJE` is Java, `MCBE` Bedrock. */
export function queried(edition: "java" | "bedrock", status: string | undefined): string {
  return `${edition === "java" ? "MCJE" : "MCBE"}: ${status ?? "服务器离线"}`;
}
