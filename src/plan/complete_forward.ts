import type { HostPort } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import {
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_TCP_IDLE_MS,
  DEFAULT_UDP_IDLE_MS,
  type ForwardMethod,
  type ForwardOptions,
} from "../forward/options.ts";
import type { TunnelPlan } from "./tunnel_plan.ts";

/** What the user chose for the forwarding of a tunnel; everything else gets its default. */
export interface ForwardChoices {
  readonly target: HostPort;
  readonly method?: ForwardMethod | undefined;
  readonly idleMs?: number | undefined;
  readonly connectTimeoutMs?: number | undefined;
  readonly proxyProtocol?: "v1" | "v2" | undefined;
  readonly transparent?: boolean | undefined;
  readonly congestion?: string | undefined;
  /** Canonical CIDRs. */
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
  readonly maxClients?: number | undefined;
  readonly perClient?: number | undefined;
  /** New connections per second. */
  readonly perClientRate?: number | undefined;
  /** Bytes per second. */
  readonly rate?: number | undefined;
}

/** Fills in every default. */
export function completeForward(
  { name, protocol, device, mark }: Pick<TunnelPlan, "name" | "protocol" | "device" | "mark">,
  choices: ForwardChoices,
): ForwardOptions {
  return {
    name,
    protocol,
    target: choices.target,
    method: choices.method ?? "auto",
    idleMs: choices.idleMs ?? (protocol === "tcp" ? DEFAULT_TCP_IDLE_MS : DEFAULT_UDP_IDLE_MS),
    connectTimeoutMs: choices.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    congestion: choices.congestion,
    proxyProtocol: choices.proxyProtocol,
    isTransparent: choices.transparent ?? false,
    access: {
      allow: choices.allow ?? [],
      deny: choices.deny ?? [],
      perClient: choices.perClient,
      perClientPerSecond: choices.perClientRate,
      maxSessions: choices.maxClients,
      bytesPerSecond: choices.rate,
    },
    device,
    mark,
  };
}

/** Choices that only a relay can follow. */
export type RelayOnlyChoice = "proxyProtocol" | "transparent" | "congestion" | "idle" | "rate";

/** What clashes with the method nftables: the kernel passes packets on as they are; it writes no headers. */
export function clashesWithNftables(choices: ForwardChoices): readonly RelayOnlyChoice[] {
  if (choices.method !== "nftables") return [];
  const given: readonly (readonly [RelayOnlyChoice, boolean])[] = [
    ["proxyProtocol", choices.proxyProtocol !== undefined],
    ["transparent", choices.transparent === true],
    ["congestion", choices.congestion !== undefined],
    ["idle", choices.idleMs !== undefined],
    ["rate", choices.rate !== undefined],
  ];
  return given.filter(([, isGiven]) => isGiven).map(([choice]) => choice);
}

/** Version 1 of the PROXY protocol is a line of text before a stream; datagrams have none. */
export function isProxyV1OverUdp(choices: ForwardChoices, protocol: Protocol): boolean {
  return choices.proxyProtocol === "v1" && protocol === "udp";
}
