import type { HostPort } from "../core/endpoint.ts";
import type { ForwardOptions } from "../forward/options.ts";
import type { GatewaySettings } from "../gateway/settings.ts";
import type { Hook } from "../hook/hook.ts";
import type { KeeperOptions } from "../keeper/options.ts";
import type { PublisherOptions } from "../publish/options.ts";

/** One planned public port, complete: nothing in it needs a default any more. */
export interface TunnelPlan extends KeeperOptions {
  /**
   * Address to bind; `undefined` means the one the system uses towards the internet, looked up anew when it
   * changes.
   */
  readonly bindAddress?: string | undefined;
  /** Measure how long idle mappings live, and keep alive accordingly instead of every `intervalMs`. */
  readonly measuresInterval?: boolean | undefined;
  /** STUN servers of this protocol. */
  readonly stunServers: readonly HostPort[];
  /** STUN servers for the UDP canary of the local address; empty: no canary. */
  readonly canaryServers: readonly HostPort[];
  /** Forward what comes in; absent: something else serves the port, or the test page does. */
  readonly forward?: ForwardOptions | undefined;
  /** Serve the test page on the mapped port. */
  readonly servesTestPage: boolean;
  /** Make the port shareable where a running service holds it (Linux); the service's sockets are restored at the end. */
  readonly sharesPort: boolean;
  /** Hold spare sockets, so that a service may start later without any privilege of ours; tell when it listens (TCP). */
  readonly waitsForService: boolean;
  /** Whether and how routers on the way are asked to let strangers in. */
  readonly gateway: GatewaySettings;
  /** Programs to run when the mapping changes, in order. */
  readonly hooks: readonly Hook[];
  /** Where the external endpoint is told. */
  readonly publish: readonly PublisherOptions[];
}
