import type { Endpoint, HostPort } from "../core/endpoint.ts";
import type { ForwardMethod } from "../forward/options.ts";
import type { Lang } from "../text/lang.ts";
import type { BindSpec, GatewayChoice, InterfaceSpec, IntervalChoice } from "../config/values.ts";
import type { AccessArgs, ConnectArgs, PotArgs, ResolveArgs } from "./find_args.ts";
import type { RedirectArgs } from "./redirect_args.ts";
import type { CheckArgs } from "./check_args.ts";
import type { LifetimeArgs } from "./lifetime_args.ts";
import type { ReachArgs, ReflectorArgs } from "./reach_args.ts";

/** Log levels, least important first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Every log level, for `--log-level`. */
export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Flags of every command. */
export interface SharedArgs {
  readonly json: boolean;
  readonly logLevel: LogLevel | undefined;
  readonly quiet: boolean;
  readonly lang: Lang | undefined;
}

/** Flags of every command that keeps a mapping. */
export interface TunnelArgs extends SharedArgs {
  readonly bind: BindSpec;
  readonly tcp: boolean;
  readonly udp: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly stun: readonly HostPort[];
  readonly keepAlive: readonly HostPort[];
  readonly intervalMs: IntervalChoice | undefined;
  readonly interface: InterfaceSpec | undefined;
  readonly mark: number | undefined;
  /** Path as typed; not looked at yet. */
  readonly exec: string | undefined;
  readonly name: string | undefined;
  readonly force: boolean;
  readonly gateway: GatewayChoice | undefined;
}

/** `porthole open`. */
export interface OpenArgs extends TunnelArgs {
  readonly command: "open";
  readonly test: boolean;
  readonly noReuse: boolean;
  readonly waitForService: boolean;
}

/** `porthole forward`. */
export interface ForwardArgs extends TunnelArgs {
  readonly command: "forward";
  /** Port 0: the external port. */
  readonly target: HostPort;
  readonly idleMs: number | undefined;
  readonly method: ForwardMethod | undefined;
  readonly proxyProtocol: "v1" | "v2" | undefined;
  readonly transparent: boolean;
  readonly congestion: string | undefined;
  /** Canonical CIDRs. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly maxClients: number | undefined;
  readonly perClient: number | undefined;
  /** New connections per second. */
  readonly perClientRate: number | undefined;
  /** Bytes per second. */
  readonly rate: number | undefined;
}

/** `porthole stun`. */
export interface StunArgs extends SharedArgs {
  readonly command: "stun";
  readonly hosts: readonly HostPort[];
  readonly tcp: boolean;
  readonly udp: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** `porthole stun-server`. */
export interface StunServerArgs extends SharedArgs {
  readonly command: "stun-server";
  readonly listen: readonly Endpoint[];
  /** Port 0: not given. */
  readonly alternate: Endpoint | undefined;
}

/** `porthole ip4p`. */
export interface Ip4pArgs extends SharedArgs {
  readonly command: "ip4p";
  /** What was typed: `encode` or `decode`, or what to do it with. */
  readonly text: string;
  /** What was typed after it. */
  readonly more: readonly string[];
}

/** `porthole run`. */
export interface RunArgs extends SharedArgs {
  readonly command: "run";
  /** Path of the configuration as typed; `undefined`: the usual places. */
  readonly config: string | undefined;
  /** Unix socket instead of the configured or usual one. */
  readonly socket: string | undefined;
}

/** `porthole status`. */
export interface StatusArgs extends SharedArgs {
  readonly command: "status";
  readonly socket: string | undefined;
  readonly watch: boolean;
}

/** `porthole health`. */
export interface HealthArgs extends SharedArgs {
  readonly command: "health";
  /** Only this tunnel. */
  readonly tunnel: string | undefined;
  readonly socket: string | undefined;
  readonly maxAgeMs: number | undefined;
  readonly verify: boolean;
  /** Base URL of a dead-man's switch. */
  readonly ping: string | undefined;
}

/** What `porthole config` does. */
export type ConfigAction = "check" | "import" | "schema";

/** `porthole config`. */
export interface ConfigArgs extends SharedArgs {
  readonly command: "config";
  readonly action: ConfigAction;
  /** Path as typed; every action but `schema` needs it. */
  readonly file: string | undefined;
}

/** `porthole demo`. */
export interface DemoArgs extends SharedArgs {
  readonly command: "demo";
}

/** A parsed command line. */
export type CommandArgs =
  | OpenArgs
  | ForwardArgs
  | RunArgs
  | StatusArgs
  | HealthArgs
  | ConfigArgs
  | StunArgs
  | StunServerArgs
  | Ip4pArgs
  | ResolveArgs
  | ConnectArgs
  | AccessArgs
  | PotArgs
  | RedirectArgs
  | CheckArgs
  | LifetimeArgs
  | ReachArgs
  | ReflectorArgs
  | DemoArgs;
