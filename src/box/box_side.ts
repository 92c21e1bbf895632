import type { Endpoint } from "../core/endpoint.ts";
import type { Platform } from "../core/platform.ts";
import type { TaskGroup } from "../core/task_group.ts";
import type { NatBehaviors } from "./nat_profile.ts";

/** An inside endpoint that stands for an outside one. */
export interface Facade {
  readonly inside: Endpoint;
  readonly outside: Endpoint;
}

/** What happens to connections whose mapping is gone: nothing at all any more, or a reset on both sides. */
export type RestartMode = "silent" | "reset";

/** What both halves of the box share. */
export interface SideOptions {
  readonly platform: Platform;
  readonly behaviors: NatBehaviors;
  readonly lifetimeMs: number | undefined;
  readonly facades: readonly Facade[];
  readonly restartMode: RestartMode;
  /** The external address of the moment. */
  readonly getExternalAddress: () => string;
  /** Whether a packet that came to the external side from this source is one of the inside that must not. */
  readonly isHairpinRefused: (source: Endpoint) => boolean;
  /** Work that outlives a callback; it must not fail. */
  readonly tasks: TaskGroup;
}

/** An external port that somebody else on this machine has is replaced so often before giving up. */
export const PORT_TRIES_MAX = 16;
