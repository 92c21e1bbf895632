import type { Endpoint } from "./endpoint.ts";

/** Transport of a tunnel. */
export type Protocol = "tcp" | "udp";

/** Whether strangers were seen to get in; `unverified` says why in `reason`. */
export type Reachability =
  | { readonly state: "reachable"; readonly evidence: string }
  | { readonly state: "unverified"; readonly reason: string };

/** What every event carries. */
interface EventBase {
  /** Name of the tunnel. */
  readonly name: string;
  readonly protocol: Protocol;
  /** When it was seen. */
  readonly at: Date;
}

/** A mapping as announced: both sides, and where forwarded traffic goes. */
export interface MappingFields {
  readonly internal: Endpoint;
  readonly external: Endpoint;
  /** Target of forwarded traffic; absent in bind mode. */
  readonly target?: Endpoint;
}

/** First external endpoint. */
export interface MappedEvent extends EventBase, MappingFields {
  readonly event: "mapped";
}

/** Another external endpoint than `previous`. */
export interface ChangedEvent extends EventBase, MappingFields {
  readonly event: "changed";
  readonly previous: Endpoint;
}

/** The mapping is not reachable any more, as far as can be told. */
export interface LostEvent extends EventBase {
  readonly event: "lost";
  readonly internal?: Endpoint;
  readonly external?: Endpoint;
  readonly reason: string;
}

/** The same external endpoint again after `lost`. */
export interface RestoredEvent extends EventBase, MappingFields {
  readonly event: "restored";
}

/** This NAT cannot do it: the reason is an observation, never a guess. */
export interface UnusableEvent extends EventBase {
  readonly event: "unusable";
  readonly internal?: Endpoint;
  readonly reason: string;
}

/** The self-check's verdict on an announced mapping. */
export interface CheckedEvent extends EventBase {
  readonly event: "checked";
  readonly external: Endpoint;
  readonly reachability: Reachability;
}

/** A hook ended. */
export interface HookEvent extends EventBase {
  readonly event: "hook";
  readonly command: string;
  /** Exit status; absent if it was ended by a signal or could not start. */
  readonly status?: number;
  readonly error?: string;
}

/** The tunnel ended. */
export interface StoppedEvent extends EventBase {
  readonly event: "stopped";
}

/** Everything a tunnel tells; `event` is the name in the JSON lines of ARCHITECTURE. */
export type MappingEvent =
  | MappedEvent
  | ChangedEvent
  | LostEvent
  | RestoredEvent
  | UnusableEvent
  | CheckedEvent
  | HookEvent
  | StoppedEvent;
