/**
 * Porthole as a library: what opens a public TCP or UDP port behind a full-cone NAT and keeps it open.
 *
 * Importing does nothing; sockets are opened by what is called. The command line is `main.ts`.
 *
 * @example
 * ```ts
 * import { decodeIp4p, encodeIp4p } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const ip4p = encodeIp4p({ address: "203.0.113.10", port: 14500 });
 * assert.equal(ip4p, "2001::38a4:cb00:710a");
 * assert.deepEqual(decodeIp4p(ip4p), { address: "203.0.113.10", port: 14500 });
 * ```
 *
 * @module
 */
export { type AddressScope, scopeOf } from "./src/core/address_scope.ts";
export type { NatBehavior } from "./src/core/behavior.ts";
export { type Clock, systemClock } from "./src/core/clock.ts";
export {
  canonicalAddress,
  type Endpoint,
  type Family,
  familyOf,
  formatEndpoint,
  type HostPort,
  parseEndpoint,
  parseHostPort,
} from "./src/core/endpoint.ts";
export { isTransient, PortholeError, TimeoutError } from "./src/core/errors.ts";
export { decodeIp4p, encodeIp4p } from "./src/core/ip4p.ts";
export { type LogFields, type Logger, silentLogger } from "./src/core/log.ts";
export type {
  ChangedEvent,
  CheckedEvent,
  ClientEvent,
  EventBase,
  GatewayWay,
  HookEvent,
  LostEvent,
  MappedEvent,
  MappingEvent,
  MappingFields,
  Protocol,
  PublishedEvent,
  PublishFailedEvent,
  Reachability,
  RestoredEvent,
  SharingWay,
  StoppedEvent,
  UnusableEvent,
} from "./src/core/mapping.ts";
export {
  type BindOptions,
  type ConnectOptions,
  type DatagramOptions,
  type DatagramSocket,
  type ListenOptions,
  type Net,
  type PortReservation,
  type ReserveOptions,
  ResolveError,
  type StreamConnection,
  type StreamHandlers,
  type StreamListener,
} from "./src/core/net.ts";
export type { Platform } from "./src/core/platform.ts";
export { type Random, systemRandom } from "./src/core/random.ts";
export { runTunnels, type RunTunnelsOptions } from "./src/daemon/run_tunnels.ts";
export type { AccessOptions, ForwardMethod, ForwardOptions } from "./src/forward/options.ts";
export type { GatewayMode, GatewaySettings } from "./src/gateway/settings.ts";
export { DEFAULT_KEEP_ALIVE_HOSTS } from "./src/keeper/default_hosts.ts";
export { BindError, type UnusableCause, UnusableNatError } from "./src/keeper/errors.ts";
export type { KeeperOptions } from "./src/keeper/options.ts";
export type { BindingAnswer } from "./src/stun/binding.ts";
export { formatPortSpec, parsePortSpec, type PortSpec } from "./src/keeper/port_spec.ts";
export type { InheritedListener } from "./src/net/inherited_listener.ts";
export { openNet, type OpenNetOptions } from "./src/net/open_net.ts";
export type { Hook, HookStyle, HookTrigger } from "./src/hook/hook.ts";
export type {
  Config,
  ForwardConfig,
  GatewayConfig,
  HookConfig,
  LogConfig,
  PublishConfig,
  StatusConfig,
  TunnelConfig,
} from "./src/config/config.ts";
export type { ConfigFault, ConfigPath, Place, PlaceOf } from "./src/config/config_fault.ts";
export type { LoadConfigOptions } from "./src/config/load_config.ts";
export type { FileTrouble, ReadFile } from "./src/config/secrets.ts";
export type { TunnelDefaults } from "./src/plan/tunnel_defaults.ts";
export { loadPlan, type LoadPlanOptions, type PlanLoading } from "./src/plan/load_plan.ts";
export { openService, type Service, type ServiceOptions } from "./src/daemon/service.ts";
export { Secret } from "./src/core/secret.ts";
export type { ServicePlan, StatePlan, StatusFilePlan, StatusPlan } from "./src/plan/service_plan.ts";
export type { TunnelPlan } from "./src/plan/tunnel_plan.ts";
export type {
  CloudflareOptions,
  Dyndns2Options,
  Dynv6Options,
  FileOptions,
  MessageOptions,
  OriginOptions,
  PowerdnsOptions,
  PublisherOptions,
  QbittorrentOptions,
  RecordPlan,
  RecordPublisherOptions,
  RecordsOptions,
  RedirectPlan,
  Rfc2136Options,
  SignedDnsOptions,
  TransmissionOptions,
  WebhookOptions,
  WebhookStyle,
} from "./src/publish/options.ts";
export type { ServiceControl } from "./src/status/service_control.ts";
export type {
  ClientsSnapshot,
  GatewaySnapshot,
  HookSnapshot,
  PublishSnapshot,
  ServiceSnapshot,
  TunnelSnapshot,
  TunnelState,
} from "./src/status/service_snapshot.ts";
export { DEFAULT_STUN_TCP, DEFAULT_STUN_UDP } from "./src/stun/default_servers.ts";
export {
  NoStunServerError,
  StunDecodeError,
  StunErrorResponse,
  type StunServerFailure,
  StunStreamError,
  StunTimeoutError,
} from "./src/stun/errors.ts";
export {
  type BindingResult,
  requestBinding,
  type RequestBindingOptions,
} from "./src/stun/request_binding.ts";
export { type OpenStunServer, openStunServer, type StunServerOptions } from "./src/stun/stun_server.ts";
export type { Lang } from "./src/text/lang.ts";
export type { CloudflareConfig, RedirectConfig } from "./src/config/publish/cloudflare_config.ts";
export type { RecordBase, RecordConfig, ServicePreset } from "./src/config/publish/record_config.ts";
export type { PowerdnsConfig, Rfc2136Config, ServerConfig } from "./src/config/publish/server_config.ts";
export type {
  Dynv6Config,
  OriginConfig,
  SignedConfig,
  SignedDnsConfig,
} from "./src/config/publish/signed_config.ts";
export type {
  Dyndns2Config,
  FileConfig,
  MessageConfig,
  QbittorrentConfig,
  SinkConfig,
  TorrentConfig,
  TransmissionConfig,
  WebhookConfig,
} from "./src/config/publish/sink_config.ts";
