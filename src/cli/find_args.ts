import type { Endpoint } from "../core/endpoint.ts";
import type { FindQuestion } from "../find/found.ts";
import type { SharedArgs } from "./command_args.ts";

/** Flags of every command that looks a name up. */
export interface FindArgs extends SharedArgs {
  /** Canonical domain name or address. */
  readonly name: string;
  /** As typed; it can be a service. */
  readonly service: string | undefined;
  readonly via: FindQuestion["via"];
  readonly server: Endpoint | undefined;
  /** URL of a server for DNS over HTTPS. */
  readonly doh: string | undefined;
  readonly port: number | undefined;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** `porthole resolve`. */
export interface ResolveArgs extends FindArgs {
  readonly command: "resolve";
  readonly tcp: boolean;
  readonly udp: boolean;
}

/** `porthole connect`. */
export interface ConnectArgs extends FindArgs {
  readonly command: "connect";
  readonly timeoutMs: number;
}

/** `porthole access`. */
export interface AccessArgs extends FindArgs {
  readonly command: "access";
  readonly listen: Endpoint | undefined;
  readonly tcp: boolean;
  readonly udp: boolean;
  readonly public: boolean;
  readonly timeoutMs: number;
}

/** What `porthole pot` does. */
export type PotAction = "encode" | "decode" | "set";

/** `porthole pot`. */
export interface PotArgs extends SharedArgs {
  readonly command: "pot";
  readonly action: PotAction;
  /** As typed. */
  readonly words: readonly string[];
}
