import type { HostPort } from "../core/endpoint.ts";

/** The port that IANA gave STUN over UDP and TCP (RFC 8489, section 8.1). */
export const DEFAULT_STUN_PORT = 3478;

function servers(...texts: readonly string[]): readonly HostPort[] {
  return texts.map((text) => {
    const [host = text, port] = text.split(":");
    return { host, port: port === undefined ? DEFAULT_STUN_PORT : Number(port) };
  });
}

/**
 * STUN servers that answer over TCP. The first are run by large operators and reached from China as well as
 * from elsewhere; neighbours belong to different operators, so that two asked at once fail independently.
 */
export const DEFAULT_STUN_TCP: readonly HostPort[] = servers(
  "turn.cloudflare.com",
  "turn.cloud-rtc.com:80",
  "fwa.lifesizecloud.com",
  "global.turn.twilio.com",
  "stun.nextcloud.com:443",
  "stun.voip.blackberry.com",
  "stun.sipnet.com",
  "stun.radiojar.com",
  "stun.freeswitch.org",
  "stun.sonetel.com",
  "stun.telnyx.com",
  "stun.voipgate.com",
  "stun.mixvoip.com",
  "stun.hot-chilli.net",
);

/**
 * STUN servers that answer over UDP, Chinese ones and others in turn. Many offer RFC 5780, which the
 * filtering probe needs.
 */
export const DEFAULT_STUN_UDP: readonly HostPort[] = servers(
  "stun.miwifi.com",
  "turn.cloudflare.com",
  "stun.chat.bilibili.com",
  "fwa.lifesizecloud.com",
  "stun.hitv.com",
  "stun.voipgate.com",
  "stun.cdnbye.com",
  "global.turn.twilio.com",
  "stun.douyucdn.cn:18000",
  "stun.nextcloud.com",
  "stun.qq.com",
  "stun.mixvoip.com",
  "stun.sipnet.com",
  "stun.freeswitch.org",
  "stun.easyvoip.com",
  "stun.voip.blackberry.com",
  "stun.radiojar.com",
  "stun.sonetel.com",
  "stun.telnyx.com",
);
