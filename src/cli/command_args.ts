import type { Endpoint, HostPort } from "../core/endpoint.ts";
import type { Lang } from "../text/lang.ts";
import type { BindSpec, InterfaceSpec } from "./value_parsers.ts";

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

/** `porthole open`. */
export interface OpenArgs extends SharedArgs {
  readonly command: "open";
  readonly bind: BindSpec;
  readonly tcp: boolean;
  readonly udp: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly stun: readonly HostPort[];
  readonly keepAlive: readonly HostPort[];
  readonly intervalMs: number | undefined;
  readonly interface: InterfaceSpec | undefined;
  readonly mark: number | undefined;
  /** Path as typed; not looked at yet. */
  readonly exec: string | undefined;
  readonly name: string | undefined;
  readonly test: boolean;
  readonly force: boolean;
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
  /** What was typed. */
  readonly text: string;
}

/** `porthole demo`. */
export interface DemoArgs extends SharedArgs {
  readonly command: "demo";
}

/** A parsed command line. */
export type CommandArgs = OpenArgs | StunArgs | StunServerArgs | Ip4pArgs | DemoArgs;
