import * as v from "valibot";
import type { ForwardConfig, GatewayConfig, TunnelConfig } from "./config.ts";
import { hookSchema } from "./hook_schema.ts";
import { publishSchema } from "./publish_schema.ts";
import { choice, described, either, option, readable, shown, someOf, wholeNumber } from "./schema_parts.ts";
import {
  hostPortReader,
  parseBindSpec,
  parseByteRate,
  parseCidrText,
  parseCongestion,
  parseDurationMs,
  parseIdleMs,
  parseInterface,
  parseInterval,
  parseMark,
  parseRouterAddress,
  parseTarget,
  parseTunnelName,
} from "./values.ts";

const HOST = "HOST or HOST:PORT, IPv6 as [ADDRESS]:PORT";

/** STUN servers. */
export const stunServers: v.GenericSchema<string[]> = someOf(readable(hostPortReader(3478), HOST));
/** Busy HTTP hosts. */
export const keepAliveHosts: v.GenericSchema<string[]> = someOf(readable(hostPortReader(80), HOST));
/** A time between things that happen again and again. */
export const duration: v.GenericSchema<string> = readable(
  parseDurationMs,
  "a time such as 15s, 1500ms or 2m, from 100ms to 1h",
);

/** Between keep-alives, or that it is to be measured. */
export const interval: v.GenericSchema<string> = readable(
  parseInterval,
  "a time such as 15s, 1500ms or 2m, from 100ms to 1h, or auto to measure it",
);

const idle = readable(parseIdleMs, "a time such as 30s, 5m or 12h, from 1s to 168h");
const cidrs = v.array(readable(parseCidrText, "ADDRESS/BITS such as 192.0.2.0/24, or one address"));
const count = wholeNumber(1, 1_000_000);
const port = wholeNumber(0, 65_535);
const TARGET = "HOST:PORT, [V6]:PORT, or PORT alone for 127.0.0.1";
const BIND = "[IP:]PORT, PORT being N, 0 for any, A-B or A~B";
const MARK = "0 to 4294967295, or 0x and hex digits";

const forwardSchema: v.GenericSchema<ForwardConfig> = v.pipe(
  v.strictObject({
    target: described(
      either(port, readable(parseTarget, TARGET), TARGET),
      "Where traffic goes; port 0 is the external port of the moment.",
    ),
    method: option(
      choice(["auto", "relay", "nftables"]),
      "auto and relay carry the bytes; nftables lets the kernel do it (root). Default auto.",
    ),
    proxyProtocol: option(
      choice(["v1", "v2"]),
      "Tell the target the client's address by a PROXY protocol header; v1 has no UDP.",
    ),
    transparent: option(
      v.boolean(),
      "Connect to the target from the client's own address (root; the target must route back here). Default false.",
    ),
    congestion: option(
      readable(parseCongestion, "a name of up to 15 characters such as bbr"),
      "TCP congestion control towards clients.",
    ),
    idle: option(idle, "Close connections and sessions without traffic after this. Default 5m; UDP 90s."),
    connectTimeout: option(duration, "How long the target may take to accept. Default 10s."),
    allow: option(cidrs, "Let in only these addresses."),
    deny: option(cidrs, "Never let in these addresses."),
    maxClients: option(count, "Clients at a time in all."),
    perClient: option(count, "Connections at a time for each client address (IPv6: each /64)."),
    perClientRate: option(count, "New connections per second for each client address (IPv6: each /64)."),
    rate: option(
      readable(parseByteRate, "bytes per second such as 500k, 2M or 1G, from 1000"),
      "Both directions together.",
    ),
  }),
  v.title("Forwarding"),
);

const gatewayMode = choice(["off", "auto", "force"]);
const gatewaySchema: v.GenericSchema<GatewayConfig> = v.pipe(
  v.strictObject({
    mode: option(
      gatewayMode,
      "auto asks only where nobody was seen to get in. Default auto; with an address force.",
    ),
    address: option(
      readable(parseRouterAddress, "the IP address of a router"),
      "The router to ask, instead of the default gateway; one outside of our networks is asked after it.",
    ),
    protocols: option(someOf(choice(["pcp", "nat-pmp", "upnp"])), "Those that may be used. Default all."),
  }),
  v.title("Gateway"),
);

/** One entry of `tunnels`. */
export const tunnelSchema: v.GenericSchema<TunnelConfig> = v.pipe(
  v.strictObject({
    name: option(
      readable(parseTunnelName, "1 to 64 characters, none of them a control character"),
      "In events, logs and status. Default tcp-PORT or udp-PORT.",
    ),
    enabled: option(v.boolean(), "Whether it runs. Default true."),
    protocol: option(choice(["tcp", "udp"]), "Default tcp."),
    family: option(
      v.picklist([4, 6], ({ input }) => `expected 4 or 6, not ${shown(input)}`),
      "IP version. Default that of the address in bind, else 4.",
    ),
    bind: option(either(port, readable(parseBindSpec, BIND), BIND), "Local port to map. Default 0."),
    interface: option(
      readable(parseInterface, "an interface name of up to 15 characters, or an IP address"),
      "Network interface, or local address, to use.",
    ),
    mark: option(
      either(wholeNumber(0, 0xffff_ffff), readable(parseMark, MARK), MARK),
      "Firewall mark of every packet (SO_MARK; needs CAP_NET_ADMIN).",
    ),
    stun: option(stunServers, "STUN servers, instead of the file's."),
    keepAlive: option(keepAliveHosts, "Busy HTTP hosts that hold the mapping open, instead of the file's."),
    interval: option(interval, "Between keep-alives. Default 15s."),
    lookupInterval: option(duration, "Between lookups without any doubt (TCP). Default 60s."),
    force: option(v.boolean(), "Go on although the NAT was seen to shut strangers out. Default false."),
    test: option(v.boolean(), 'Serve a test page on the port (UDP: answer "It works!"). Default false.'),
    reuse: option(
      v.boolean(),
      "Make the port shareable (SO_REUSEPORT) where a running service holds it; Linux. Default true.",
    ),
    waitForService: option(
      v.boolean(),
      "The service on the port starts later: bind first, hold spare sockets. Default false.",
    ),
    gateway: option(
      either(gatewayMode, gatewaySchema, "off, auto, force, or an object"),
      "Whether routers on the way are asked to let strangers in, by PCP, NAT-PMP or UPnP. Default auto.",
    ),
    forward: option(forwardSchema, "Forward what comes in; absent: something else serves the port."),
    hooks: option(v.array(hookSchema), "Programs to run when the mapping changes, after the file's own."),
    publish: option(v.array(publishSchema), "Where the external endpoint is told."),
  }),
  v.title("Tunnel"),
);
