/** Texts about routers on the way. */
export interface GatewayTexts {
  /** What `--help` says of `--gateway`. */
  readonly help: string;
  /** A value of `--gateway` that is none. */
  readonly badGateway: (text: string) => string;
}

/** English. */
export const gatewayEn: GatewayTexts = {
  help:
    "Ask your router to let visitors in (PCP, NAT-PMP, UPnP): never, if nobody was seen to get in, always, or " +
    "the router at this address. Default auto.",
  badGateway: (text) =>
    `Cannot use gateway "${text}": expected off, auto, force, or the IP address of a router`,
};

/** Simplified Chinese. */
export const gatewayZhCn: GatewayTexts = {
  help:
    "请求路由器放行来访者（PCP、NAT-PMP、UPnP）：从不（off）、没看到有人能进来时（auto）、总是（force），" +
    "或指定路由器地址。默认 auto。",
  badGateway: (text) => `不能使用网关“${text}”：应为 off、auto、force，或路由器的 IP 地址`,
};
