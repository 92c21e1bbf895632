import * as v from "valibot";
import type { Config } from "./config.ts";
import { parseEndpoint } from "../core/endpoint.ts";
import {
  hostPortReader,
  parseBindSpec,
  parseByteRate,
  parseCidrText,
  parseCongestion,
  parseDurationMs,
  parseIdleMs,
  parseInterface,
  parseMark,
  parseTarget,
  parseTunnelName,
} from "./values.ts";

/** A text that `read` accepts; what it gives is computed by the planner. */
function readable(read: (text: string) => unknown, expected: string): v.GenericSchema<string> {
  const isReadable = (text: string): boolean => {
    try {
      read(text);
      return true;
    } catch (error) {
      if (error instanceof SyntaxError) return false;
      throw error;
    }
  };
  return v.pipe(v.string(), v.check(isReadable, `expected ${expected}`), v.description(expected));
}

const text = v.pipe(v.string(), v.nonEmpty("expected a text that is not empty"));
const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000));
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));
const duration = readable(parseDurationMs, "a time such as 15s, 1500ms or 2m, from 100ms to 1h");
const idle = readable(parseIdleMs, "a time such as 30s, 5m or 12h, from 1s to 168h");
const stunServer = readable(hostPortReader(3478), "HOST or HOST:PORT, IPv6 as [ADDRESS]:PORT");
const webHost = readable(hostPortReader(80), "HOST or HOST:PORT, IPv6 as [ADDRESS]:PORT");
const cidr = readable(parseCidrText, "ADDRESS/BITS such as 192.0.2.0/24, or one address");
const secret = v.pipe(text, v.description("the value itself, env:NAME or file:PATH"));
const choice = <const T extends readonly string[]>(choices: T): v.PicklistSchema<T, string> =>
  v.picklist(choices, `expected ${choices.join(", ")}`);

const hook = v.strictObject({
  run: v.union(
    [v.pipe(v.array(text), v.minLength(1)), text],
    "expected [PROGRAM, ARGUMENT, …], or a line for the shell",
  ),
  style: v.optional(choice(["natmap", "natter2", "natter", "json"])),
  events: v.optional(
    v.pipe(v.array(choice(["mapped", "changed", "restored", "lost", "unusable"])), v.minLength(1)),
  ),
  timeout: v.optional(duration),
  retries: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100))),
});

const webhook = v.strictObject({
  provider: v.literal("webhook"),
  url: secret,
  token: v.optional(secret),
  style: v.optional(choice(["json", "nat1", "nat1-records"])),
  domain: v.optional(v.string()),
  subDomain: v.optional(v.string()),
  srvPrefix: v.optional(v.string()),
});

const forward = v.strictObject({
  target: v.union([port, readable(parseTarget, "HOST:PORT, [V6]:PORT, or PORT alone for 127.0.0.1")]),
  method: v.optional(choice(["auto", "relay", "nftables"])),
  proxyProtocol: v.optional(choice(["v1", "v2"])),
  transparent: v.optional(v.boolean()),
  congestion: v.optional(readable(parseCongestion, "a name of up to 15 characters such as bbr")),
  idle: v.optional(idle),
  connectTimeout: v.optional(duration),
  allow: v.optional(v.array(cidr)),
  deny: v.optional(v.array(cidr)),
  maxClients: v.optional(count),
  perClient: v.optional(count),
  perClientRate: v.optional(count),
  rate: v.optional(readable(parseByteRate, "bytes per second such as 500k, 2M or 1G, from 1000")),
});

const tunnel = v.strictObject({
  name: v.optional(readable(parseTunnelName, "1 to 64 characters, none of them a control character")),
  enabled: v.optional(v.boolean()),
  protocol: v.optional(choice(["tcp", "udp"])),
  family: v.optional(v.picklist([4, 6], "expected 4 or 6")),
  bind: v.optional(
    v.union([port, readable(parseBindSpec, "[IP:]PORT, PORT being N, 0 for any, A-B or A~B")]),
  ),
  interface: v.optional(
    readable(parseInterface, "an interface name of up to 15 characters, or an IP address"),
  ),
  mark: v.optional(v.union([v.number(), readable(parseMark, "0 to 4294967295, or 0x and hex digits")])),
  stun: v.optional(v.pipe(v.array(stunServer), v.minLength(1))),
  keepAlive: v.optional(v.pipe(v.array(webHost), v.minLength(1))),
  interval: v.optional(duration),
  lookupInterval: v.optional(duration),
  force: v.optional(v.boolean()),
  test: v.optional(v.boolean()),
  forward: v.optional(forward),
  hooks: v.optional(v.array(hook)),
  publish: v.optional(v.array(v.variant("provider", [webhook]))),
});

/** The configuration file of `porthole run`; unknown keys are faults. */
export const configSchema: v.GenericSchema<Config> = v.strictObject({
  $schema: v.optional(v.string()),
  lang: v.optional(choice(["en", "zh-CN"])),
  log: v.optional(v.strictObject({
    level: v.optional(choice(["debug", "info", "warn", "error"])),
    format: v.optional(choice(["text", "json", "journald"])),
    file: v.optional(text),
    maxBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(4096))),
    maxFiles: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000))),
  })),
  stun: v.optional(v.strictObject({
    tcp: v.optional(v.pipe(v.array(stunServer), v.minLength(1))),
    udp: v.optional(v.pipe(v.array(stunServer), v.minLength(1))),
    interval: v.optional(duration),
  })),
  keepAlive: v.optional(v.strictObject({
    tcp: v.optional(v.pipe(v.array(webHost), v.minLength(1))),
    interval: v.optional(duration),
  })),
  hooks: v.optional(v.array(hook)),
  tunnels: v.array(tunnel),
  status: v.optional(v.strictObject({
    file: v.optional(
      v.union([text, v.strictObject({ path: text, format: v.optional(choice(["porthole", "natter"])) })]),
    ),
    socket: v.optional(text),
    listen: v.optional(readable(parseEndpoint, "ADDRESS:PORT, IPv6 as [ADDRESS]:PORT")),
    token: v.optional(secret),
  })),
  state: v.optional(v.strictObject({ directory: text, announceAtStart: v.optional(v.boolean()) })),
});
