import type { Endpoint } from "../core/endpoint.ts";
import type { Secret } from "../core/secret.ts";
import type { TunnelPlan } from "./tunnel_plan.ts";

/** A file that always shows the state of the tunnels. */
export interface StatusFilePlan {
  /** Absolute, or relative to the working directory. */
  readonly path: string;
  /** `natter`: Natter 0.9's, byte for byte, without entries that are gone. */
  readonly format: "porthole" | "natter";
}

/** Who may look at the running service, and how. */
export interface StatusPlan {
  /** Kept up to date; absent: none. */
  readonly file?: StatusFilePlan | undefined;
  /** Unix socket for `status` and `health`; absent: none. */
  readonly socket?: string | undefined;
  /** HTTP status page. */
  readonly listen?: Endpoint | undefined;
  /** Asked for by the HTTP status page (`Authorization: Bearer …`); the Unix socket is guarded by its mode. */
  readonly token?: Secret | undefined;
}

/** What survives a restart. */
export interface StatePlan {
  /** Created if it is not there. */
  readonly directory: string;
  /** Run hooks and publishers after a restart even where the external endpoint is the one they were told last. */
  readonly announcesAtStart: boolean;
}

/** Everything one process does; nothing in it needs a default any more. */
export interface ServicePlan {
  /** The public ports. */
  readonly tunnels: readonly TunnelPlan[];
  /** Who may look. */
  readonly status: StatusPlan;
  /** What survives a restart; absent: nothing. */
  readonly state?: StatePlan | undefined;
}
