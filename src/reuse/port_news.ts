import type { Endpoint } from "../core/endpoint.ts";
import type { ShareRefusal } from "./share_refusal.ts";
import type { ServiceProcess } from "./sharing_pass.ts";

/** Which way a port was taken, for the one line that people read; told when it changes. */
export type PortNews =
  /** Nobody serves the endpoint yet; `elsewhere` is where somebody serves the same port. */
  | { readonly kind: "nothing-there"; readonly elsewhere: readonly Endpoint[] }
  /** The service shares the port by itself. No holders: its process is hidden from us. */
  | { readonly kind: "shares"; readonly holders: readonly ServiceProcess[] }
  /** SO_REUSEPORT was set on the service's sockets. */
  | {
    readonly kind: "made-shareable";
    readonly holders: readonly ServiceProcess[];
    /** The service could be started anew while we are on its port; it sets SO_REUSEADDR or SO_REUSEPORT. */
    readonly canRestart: boolean;
  }
  /** The service came later and does not share; our sockets were bound before it, and the service is left alone. */
  | { readonly kind: "spare-sockets" }
  /** Closed connections of the service hold the port; it is tried again for at most `limitMs`. */
  | { readonly kind: "waiting"; readonly count: number; readonly limitMs: number }
  /** It cannot be done. */
  | { readonly kind: "refused"; readonly reason: ShareRefusal };
