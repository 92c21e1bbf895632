/** Why a finding of `porthole check` is unknown, or what a suspicion rests on. */
export type CheckReasonCode =
  | "no-route"
  | "no-server"
  | "bind-failed"
  | "no-answer"
  | "few-answers"
  | "not-told-apart"
  | "contradicted"
  | "no-rfc5780"
  | "not-honoured"
  | "refused"
  | "mapping-varies"
  | "too-late"
  | "nobody-knocked"
  | "strangers-kept-out"
  | "known-got-in"
  | "outside-unsure"
  | "no-nat"
  | "other-transport"
  | "inner-servers"
  | "few-samples"
  | "depends-on-unknown"
  | "time-up"
  | "fake-ip"
  | "too-fast"
  | "answers-for-nobody"
  | "failed";

/** A clause for each reason; what differs from case to case follows in brackets. */
export type CheckReasonTexts = Readonly<Record<CheckReasonCode, string>>;

/** English. */
export const checkReasonsEn: CheckReasonTexts = {
  "no-route": "no route to any STUN server",
  "no-server": "no STUN server to ask",
  "bind-failed": "the port cannot be bound",
  "no-answer": "no STUN server answered",
  "few-answers": "too few STUN servers answered",
  "not-told-apart": "no server could tell whether the port matters besides the address",
  "contradicted": "one server contradicts the others",
  "no-rfc5780": "no STUN server that answers offers RFC 5780",
  "not-honoured": "no STUN server honoured CHANGE-REQUEST",
  "refused": "the STUN server refused CHANGE-REQUEST",
  "mapping-varies": "the mapping depends on the destination",
  "too-late": "answers came too late to tell",
  "nobody-knocked": "no hairpinning was seen, and nobody outside was asked to knock",
  "strangers-kept-out": "a stranger did not get in; whether others would is not known",
  "known-got-in": "somebody outside got in, but from an address this host had talked to",
  "outside-unsure": "nobody outside could tell",
  "no-nat": "there is no NAT, and nobody outside was asked to knock",
  "other-transport": "over the other transport another address was seen",
  "inner-servers": "the address seen is no public one, so the STUN servers are not outside",
  "few-samples": "too few sockets were seen",
  "depends-on-unknown": "another finding is unknown",
  "time-up": "the time was up",
  "fake-ip": "an address of 198.18.0.0/15 was given out",
  "too-fast": "answers came faster than from anywhere",
  "answers-for-nobody": "a connection to an address that nobody has was taken",
  "failed": "the probe failed",
};

/** Simplified Chinese. */
export const checkReasonsZhCn: CheckReasonTexts = {
  "no-route": "没有到 STUN 服务器的路由",
  "no-server": "没有可询问的 STUN 服务器",
  "bind-failed": "无法绑定端口",
  "no-answer": "没有 STUN 服务器应答",
  "few-answers": "应答的 STUN 服务器太少",
  "not-told-apart": "没有服务器能区分除地址外端口是否也有影响",
  "contradicted": "有一台服务器与其他的说法不一",
  "no-rfc5780": "有应答的 STUN 服务器都不支持 RFC 5780",
  "not-honoured": "没有 STUN 服务器执行 CHANGE-REQUEST",
  "refused": "STUN 服务器拒绝 CHANGE-REQUEST",
  "mapping-varies": "映射因目的地而异",
  "too-late": "应答来得太晚，无法判断",
  "nobody-knocked": "没有看到回环，也没有请外部来连接",
  "strangers-kept-out": "有一个外人没能进来；其他人能否进来不清楚",
  "known-got-in": "有外人进来了，但来自本机通信过的地址",
  "outside-unsure": "外部无法判断",
  "no-nat": "没有 NAT，也没有请外部来连接",
  "other-transport": "在另一协议上看到的是另一个地址",
  "inner-servers": "看到的不是公网地址，说明 STUN 服务器不在公网",
  "few-samples": "看到的套接字太少",
  "depends-on-unknown": "另一项结果未知",
  "time-up": "时间已到",
  "fake-ip": "得到了 198.18.0.0/15 中的地址",
  "too-fast": "应答快得不合常理",
  "answers-for-nobody": "连不存在的地址都能连通",
  "failed": "探测失败",
};
