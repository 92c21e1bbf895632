import type { GatewayWay } from "../core/mapping.ts";
import type { ForwardMethod } from "../forward/options.ts";
import type { GatewayMode } from "../gateway/settings.ts";
import type { HookStyle, HookTrigger } from "../hook/hook.ts";
import type { CloudflareConfig } from "./publish/cloudflare_config.ts";
import type { ServerConfig } from "./publish/server_config.ts";
import type { SignedConfig } from "./publish/signed_config.ts";
import type { SinkConfig } from "./publish/sink_config.ts";

/** `log` of a configuration. */
export interface LogConfig {
  /** Least important lines to write. @default "info" */
  readonly level?: "debug" | "info" | "warn" | "error" | undefined;
  /** `journald`: text with a `<N>` priority in front, without a time. */
  readonly format?: "text" | "json" | "journald" | undefined;
  /** Written beside stderr. */
  readonly file?: string | undefined;
  /** The file is rotated when it grows beyond this. */
  readonly maxBytes?: number | undefined;
  /** Files kept, the current one included. */
  readonly maxFiles?: number | undefined;
}

/** One entry of `hooks`; see {@linkcode HookStyle}. */
export interface HookConfig {
  /** Program and arguments, or a line for the shell. A program with a slash is relative to the file's folder. */
  readonly run: readonly string[] | string;
  /** How it learns the news. @default "natmap" */
  readonly style?: HookStyle | undefined;
  /** What it runs for. @default ["mapped", "changed", "restored"] */
  readonly events?: readonly HookTrigger[] | undefined;
  /** It is ended after this. @default "30s" */
  readonly timeout?: string | undefined;
  /** How often a failed run is repeated. @default 0 */
  readonly retries?: number | undefined;
}

/** One entry of `publish`. */
export type PublishConfig = CloudflareConfig | SignedConfig | ServerConfig | SinkConfig;

/** `forward` of a tunnel. */
export interface ForwardConfig {
  /** `HOST:PORT`, `[V6]:PORT`, or the port alone for 127.0.0.1; port 0 is the external port. */
  readonly target: string | number;
  /** How the bytes get there. @default "auto" */
  readonly method?: ForwardMethod | undefined;
  /** Tells the target the client's address. */
  readonly proxyProtocol?: "v1" | "v2" | undefined;
  /** Connect to the target from the client's own address. @default false */
  readonly transparent?: boolean | undefined;
  /** TCP congestion control of the client's side. */
  readonly congestion?: string | undefined;
  /** Without traffic for so long, a connection or session is closed. @default "5m", UDP "90s" */
  readonly idle?: string | undefined;
  /** For the connection to the target. @default "10s" */
  readonly connectTimeout?: string | undefined;
  /** CIDRs; if there are any, only these clients are let in. */
  readonly allow?: readonly string[] | undefined;
  /** CIDRs that are never let in. */
  readonly deny?: readonly string[] | undefined;
  /** Connections or sessions at a time. */
  readonly maxClients?: number | undefined;
  /** The same for each client address. */
  readonly perClient?: number | undefined;
  /** New connections or sessions per second for each client address. */
  readonly perClientRate?: number | undefined;
  /** Bytes per second, both directions together. */
  readonly rate?: string | undefined;
}

/** `gateway` of a tunnel, where a word does not say enough. */
export interface GatewayConfig {
  /** When routers are asked. @default "auto", with an address "force" */
  readonly mode?: GatewayMode | undefined;
  /** The router instead of the default gateway, or the one above it. */
  readonly address?: string | undefined;
  /** The protocols that may be used. @default all of them */
  readonly protocols?: readonly GatewayWay[] | undefined;
}

/** One entry of `tunnels`: one public port. */
export interface TunnelConfig {
  /** Unique. @default the protocol and the port, as `porthole open` names it */
  readonly name?: string | undefined;
  /** `false` leaves the tunnel out. @default true */
  readonly enabled?: boolean | undefined;
  /** Transport. @default "tcp" */
  readonly protocol?: "tcp" | "udp" | undefined;
  /** IP version. @default that of `bind`'s address, else 4 */
  readonly family?: 4 | 6 | undefined;
  /** `[IP:]PORT`, as the argument of `porthole open`. @default 0 */
  readonly bind?: string | number | undefined;
  /** Name or local address. */
  readonly interface?: string | undefined;
  /** SO_MARK of every packet. */
  readonly mark?: string | number | undefined;
  /** Instead of the file's `stun`. */
  readonly stun?: readonly string[] | undefined;
  /** Instead of the file's `keepAlive`. */
  readonly keepAlive?: readonly string[] | undefined;
  /** Between keep-alives, or `auto` to measure it. */
  readonly interval?: string | undefined;
  /** Between lookups without any doubt (TCP). */
  readonly lookupInterval?: string | undefined;
  /** Go on although the NAT was seen to shut strangers out. */
  readonly force?: boolean | undefined;
  /** Serve the test page. */
  readonly test?: boolean | undefined;
  /** Make the port shareable where a running service holds it. @default true */
  readonly reuse?: boolean | undefined;
  /** The service on the port starts later. @default false */
  readonly waitForService?: boolean | undefined;
  /** Whether routers on the way are asked to let strangers in (PCP, NAT-PMP, UPnP). @default "auto" */
  readonly gateway?: GatewayMode | GatewayConfig | undefined;
  /** Forward what comes in; absent: something else serves the port. */
  readonly forward?: ForwardConfig | undefined;
  /** Run after the file's `hooks`. */
  readonly hooks?: readonly HookConfig[] | undefined;
  /** Where the external endpoint is told. */
  readonly publish?: readonly PublishConfig[] | undefined;
}

/** `status` of a configuration. */
export interface StatusConfig {
  /** A file that always shows the state. */
  readonly file?: string | {
    readonly path: string;
    readonly format?: "porthole" | "natter" | undefined;
  } | undefined;
  /** Unix socket of `porthole status` and `health`. */
  readonly socket?: string | undefined;
  /** Address and port of the HTTP status page. */
  readonly listen?: string | undefined;
  /** Asked for by the HTTP status page: itself, `env:NAME` or `file:PATH`. */
  readonly token?: string | undefined;
}

/**
 * The configuration file of `porthole run` as written, checked; unknown keys are faults. Relative paths in it (state
 * directory, status file and socket, log file, secrets as `file:PATH`, hook programs with a slash) start at the folder
 * of the file, wherever the program is started.
 */
export interface Config {
  /** For editors. */
  readonly $schema?: string | undefined;
  /** Language of texts for people. */
  readonly lang?: "en" | "zh-CN" | undefined;
  /** What is logged, and where. */
  readonly log?: LogConfig | undefined;
  /** STUN servers, instead of the built-in lists. */
  readonly stun?: {
    readonly tcp?: readonly string[] | undefined;
    readonly udp?: readonly string[] | undefined;
    /** Between lookups without any doubt (TCP). */
    readonly interval?: string | undefined;
  } | undefined;
  /** What holds TCP mappings. */
  readonly keepAlive?: {
    /** Busy HTTP hosts, instead of the built-in list. */
    readonly tcp?: readonly string[] | undefined;
    /** Between keep-alives, or `auto` to measure it. */
    readonly interval?: string | undefined;
  } | undefined;
  /** Run for every tunnel, before the tunnel's own. */
  readonly hooks?: readonly HookConfig[] | undefined;
  /** The public ports. */
  readonly tunnels: readonly TunnelConfig[];
  /** Who may look at the service. */
  readonly status?: StatusConfig | undefined;
  /** What survives a restart; absent: nothing. */
  readonly state?: {
    readonly directory: string;
    /** Run hooks and publishers after a restart even where nothing changed. @default false */
    readonly announceAtStart?: boolean | undefined;
  } | undefined;
}
