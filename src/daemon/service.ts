import type { MappingEvent } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import type { ServicePlan } from "../plan/service_plan.ts";
import type { ServiceControl } from "../status/service_control.ts";
import type { Lang } from "../text/lang.ts";

/** What a {@linkcode Service} works with and whom it tells. */
export interface ServiceOptions {
  readonly platform: Platform;
  /** Told of everything that happens, in order; must not block. */
  readonly emit: (event: MappingEvent) => void;
  /** Language of the test and status pages. */
  readonly lang: Lang;
  /** Told when the answer is final that this NAT cannot do it, or the port cannot be bound; it is tried on anyway. */
  readonly onFault?: (name: string, error: unknown) => void;
  /** For the snapshot: where the configuration came from. */
  readonly configFile?: string;
  readonly version: string;
}

/**
 * The running service: tunnels, status file, status socket and page, state. A tunnel that fails is told, and tried
 * again with growing pauses; it never hurts the others. Disposing stops everything and waits for it.
 */
export interface Service extends AsyncDisposable {
  readonly control: ServiceControl;
  /**
   * Goes over to another plan: tunnels that are the same in both keep running untouched, the others stop or start.
   * Resolves when those that had to stop have stopped and the new ones are on their way.
   */
  apply(plan: ServicePlan, changes?: { readonly configFault?: string }): Promise<void>;
}

/**
 * Starts a plan.
 *
 * @throws {Error} If the status socket or page cannot be opened: with `code` "socket_in_use" where another daemon
 *   answers on the socket, else with the kernel's.
 */
export function openService(_plan: ServicePlan, _options: ServiceOptions): Promise<Service> {
  return Promise.reject(new Error("Not built yet"));
}
