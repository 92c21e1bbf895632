import type { ClientEvent } from "../../../core/mapping.ts";
import { at } from "./nat1_lines.ts";

/** A line about a client. */
export interface ClientWords {
  readonly level: "info" | "warn";
  readonly text: string;
}

/**
 * What nat1_traversal says of a client that came, went, or could not be served; the local endpoint is the one that the
 * target's own log shows. Pure.
 */
export function clientWords(
  event: ClientEvent,
  proxyProtocol: "v1" | "v2" | undefined,
): readonly ClientWords[] {
  return (event.protocol === "udp" ? udpWords(event) : tcpWords(event, proxyProtocol));
}

function tcpWords(event: ClientEvent, proxyProtocol: "v1" | "v2" | undefined): readonly ClientWords[] {
  const { state, local, target, reason = "" } = event;
  const client = at(event.client);
  const to = target === undefined ? "" : ` ${at(target)}`;
  switch (state) {
    case "opened":
      return [
        info(`新客户端 ${client} 尝试连接到${to}`),
        ...(local === undefined ? [] : [info(`客户端 ${client} 已连接，绑定到本地地址 ${at(local)}`)]),
        ...(local === undefined || proxyProtocol === undefined
          ? []
          : [info(`已发送 PROXY Protocol ${proxyProtocol} 头，客户端真实地址 ${client}`)]),
      ];
    case "closed":
      return local === undefined
        ? [warn(`转发错误，客户端 ${client} 无法连接到${to}：${reason}`)]
        : [info(`客户端 ${client} 断开连接`)];
    case "refused":
      return [warn(`转发错误，客户端 ${client} 被拒绝：${reason}`)];
  }
}

function udpWords({ state, client, local, reason = "" }: ClientEvent): readonly ClientWords[] {
  switch (state) {
    case "opened":
      return [info(`新客户端 ${at(client)} ，绑定到本地地址 ${local === undefined ? "" : at(local)}`)];
    case "closed":
      return [info(`客户端 ${at(client)} 停止活动，断开连接`)];
    case "refused":
      return [warn(`转发错误，客户端 ${at(client)} 被拒绝：${reason}`)];
  }
}

function info(text: string): ClientWords {
  return { level: "info", text };
}

function warn(text: string): ClientWords {
  return { level: "warn", text };
}
