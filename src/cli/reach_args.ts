import type { Endpoint, HostPort } from "../core/endpoint.ts";
import type { SharedArgs } from "./command_args.ts";

/** An endpoint as typed; without a host it is a port of this machine's public address. */
export interface ReachSpec {
  /** Host name or canonical address. */
  readonly host?: string | undefined;
  readonly port: number;
}

/** `porthole reach`. */
export interface ReachArgs extends SharedArgs {
  readonly command: "reach";
  readonly endpoint: ReachSpec;
  readonly udp: boolean;
  readonly ipv6: boolean;
  /** URL of a reflector. */
  readonly from: string | undefined;
  /** As typed: `env:NAME`, `file:PATH` or a literal. */
  readonly token: string | undefined;
  readonly isPublic: boolean;
  readonly target: HostPort | undefined;
  /** Its host is an address. */
  readonly listen: ReachSpec | undefined;
  readonly send: Uint8Array | undefined;
  readonly timeoutMs: number | undefined;
  readonly stun: readonly HostPort[];
}

/** `porthole reflector`. */
export interface ReflectorArgs extends SharedArgs {
  readonly command: "reflector";
  readonly listen: Endpoint | undefined;
  /** As typed: `env:NAME`, `file:PATH` or a literal. */
  readonly token: string | undefined;
  /** Canonical address. */
  readonly fromAddress: string | undefined;
  readonly isBehindProxy: boolean;
  /** Paths as typed. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
}
