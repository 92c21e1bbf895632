import type { ForwardMethod } from "../forward/options.ts";
import type { HookStyle, HookTrigger } from "../hook/hook.ts";
import type { WebhookStyle } from "../publish/options.ts";

/** `log` of a configuration. */
export interface LogConfig {
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
  /** @default "natmap" */
  readonly style?: HookStyle | undefined;
  readonly events?: readonly HookTrigger[] | undefined;
  readonly timeout?: string | undefined;
  readonly retries?: number | undefined;
}

/** One entry of `publish`: a POST to a URL of the user's. */
export interface WebhookConfig {
  readonly provider: "webhook";
  /** The URL itself, `env:NAME` or `file:PATH`. */
  readonly url: string;
  /** Bearer token: itself, `env:NAME` or `file:PATH`. */
  readonly token?: string | undefined;
  /** @default "json" */
  readonly style?: WebhookStyle | undefined;
  readonly domain?: string | undefined;
  readonly subDomain?: string | undefined;
  readonly srvPrefix?: string | undefined;
}

/** One entry of `publish`. */
export type PublishConfig = WebhookConfig;

/** `forward` of a tunnel. */
export interface ForwardConfig {
  /** `HOST:PORT`, `[V6]:PORT`, or the port alone for 127.0.0.1; port 0 is the external port. */
  readonly target: string | number;
  readonly method?: ForwardMethod | undefined;
  readonly proxyProtocol?: "v1" | "v2" | undefined;
  readonly transparent?: boolean | undefined;
  readonly congestion?: string | undefined;
  readonly idle?: string | undefined;
  readonly connectTimeout?: string | undefined;
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
  readonly maxClients?: number | undefined;
  readonly perClient?: number | undefined;
  readonly perClientRate?: number | undefined;
  readonly rate?: string | undefined;
}

/** One entry of `tunnels`: one public port. */
export interface TunnelConfig {
  /** @default the protocol and the port, as `porthole open` names it */
  readonly name?: string | undefined;
  /** @default true */
  readonly enabled?: boolean | undefined;
  /** @default "tcp" */
  readonly protocol?: "tcp" | "udp" | undefined;
  /** @default that of `bind`'s address, else 4 */
  readonly family?: 4 | 6 | undefined;
  /** `[IP:]PORT`, as the argument of `porthole open`. @default 0 */
  readonly bind?: string | number | undefined;
  /** Name or local address. */
  readonly interface?: string | undefined;
  readonly mark?: string | number | undefined;
  /** Instead of the file's `stun`. */
  readonly stun?: readonly string[] | undefined;
  /** Instead of the file's `keepAlive`. */
  readonly keepAlive?: readonly string[] | undefined;
  /** Between keep-alives. */
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
  readonly forward?: ForwardConfig | undefined;
  readonly hooks?: readonly HookConfig[] | undefined;
  readonly publish?: readonly PublishConfig[] | undefined;
}

/** `status` of a configuration. */
export interface StatusConfig {
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
  readonly $schema?: string | undefined;
  /** Language of texts for people. */
  readonly lang?: "en" | "zh-CN" | undefined;
  readonly log?: LogConfig | undefined;
  /** STUN servers, instead of the built-in lists. */
  readonly stun?: {
    readonly tcp?: readonly string[] | undefined;
    readonly udp?: readonly string[] | undefined;
    /** Between lookups without any doubt (TCP). */
    readonly interval?: string | undefined;
  } | undefined;
  readonly keepAlive?: {
    /** Busy HTTP hosts, instead of the built-in list. */
    readonly tcp?: readonly string[] | undefined;
    readonly interval?: string | undefined;
  } | undefined;
  /** Run for every tunnel, before the tunnel's own. */
  readonly hooks?: readonly HookConfig[] | undefined;
  readonly tunnels: readonly TunnelConfig[];
  readonly status?: StatusConfig | undefined;
  readonly state?: {
    readonly directory: string;
    /** Run hooks and publishers after a restart even where nothing changed. @default false */
    readonly announceAtStart?: boolean | undefined;
  } | undefined;
}
