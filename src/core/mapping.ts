import type { Endpoint } from "./endpoint.ts";

/** Transport of a tunnel. */
export type Protocol = "tcp" | "udp";

/** Whether strangers were seen to get in; `unverified` says why in `reason`. */
export type Reachability =
  | { readonly state: "reachable"; readonly evidence: string }
  | { readonly state: "unverified"; readonly reason: string };

/** What every event carries. */
export interface EventBase {
  /** Name of the tunnel. */
  readonly name: string;
  /** Its transport. */
  readonly protocol: Protocol;
  /** When it was seen. */
  readonly at: Date;
}

/** A mapping as announced: both sides, and where forwarded traffic goes. */
export interface MappingFields {
  /** What is bound on this host. */
  readonly internal: Endpoint;
  /** What strangers connect to. */
  readonly external: Endpoint;
  /** Target of forwarded traffic; absent in bind mode. */
  readonly target?: Endpoint;
  /** How the port is shared with the service on it; absent if nothing else was seen there. */
  readonly sharing?: SharingWay;
  /** The protocol by which routers of the user were asked to let strangers in; absent if none does. */
  readonly gateway?: GatewayWay;
}

/** A protocol that routers are asked by: RFC 6887, RFC 6886, or an Internet Gateway Device of UPnP. */
export type GatewayWay = "pcp" | "nat-pmp" | "upnp";

/**
 * How a port is shared with the service on it: it shares by itself, or was made to (pidfd_getfd), or it does not and
 * our sockets were bound before it came.
 */
export type SharingWay = "service" | "pidfd" | "spare";

/** First external endpoint. */
export interface MappedEvent extends EventBase, MappingFields {
  /** Name of the event. */
  readonly event: "mapped";
}

/** Another external endpoint than `previous`. */
export interface ChangedEvent extends EventBase, MappingFields {
  /** Name of the event. */
  readonly event: "changed";
  /** External endpoint that was announced before. */
  readonly previous: Endpoint;
}

/** The mapping is not reachable any more, as far as can be told. */
export interface LostEvent extends EventBase {
  /** Name of the event. */
  readonly event: "lost";
  /** What is bound on this host; absent if nothing is. */
  readonly internal?: Endpoint;
  /** What was announced last; absent if nothing was. */
  readonly external?: Endpoint;
  /** What was seen, for people. */
  readonly reason: string;
}

/** The same external endpoint again after `lost`. */
export interface RestoredEvent extends EventBase, MappingFields {
  /** Name of the event. */
  readonly event: "restored";
}

/** This NAT cannot do it: the reason is an observation, never a guess. */
export interface UnusableEvent extends EventBase {
  /** Name of the event. */
  readonly event: "unusable";
  /** What is bound on this host; absent if nothing is. */
  readonly internal?: Endpoint;
  /** What was seen, for people. */
  readonly reason: string;
}

/** The self-check's verdict on an announced mapping. */
export interface CheckedEvent extends EventBase {
  /** Name of the event. */
  readonly event: "checked";
  /** What strangers connect to. */
  readonly external: Endpoint;
  /** What was seen, never more. */
  readonly reachability: Reachability;
  /** The protocol by which routers of the user let strangers in meanwhile; absent if none does. */
  readonly gateway?: GatewayWay;
}

/** A hook ended. */
export interface HookEvent extends EventBase {
  /** Name of the event. */
  readonly event: "hook";
  /** The program, without its arguments. */
  readonly command: string;
  /** Exit status; absent if it was ended by a signal or could not start. */
  readonly status?: number;
  /** Why it failed, for people; absent if it ended by itself. */
  readonly error?: string;
  /** Last line it wrote that is not blank: stderr's if it failed and wrote one there, else stdout's. */
  readonly output?: string;
  /** From its start to its end, in milliseconds; absent if it could not start. */
  readonly durationMs?: number;
  /** Which try it was, from 1; absent where nothing is repeated. */
  readonly attempt?: number;
  /** Events since the last run that this hook never heard of, because newer ones came; absent if none. */
  readonly skipped?: number;
}

/** A publisher made the world know the external endpoint. */
export interface PublishedEvent extends EventBase {
  /** Name of the event. */
  readonly event: "published";
  /** Which kind of publisher. */
  readonly provider: string;
  /** What it changes, for people: names, a site, a file. */
  readonly place?: string | undefined;
  /** What was published. */
  readonly external: Endpoint;
}

/** A publisher failed; it is tried again. */
export interface PublishFailedEvent extends EventBase {
  /** Name of the event. */
  readonly event: "publish-failed";
  /** Which kind of publisher. */
  readonly provider: string;
  /** What it changes, for people: names, a site, a file. */
  readonly place?: string | undefined;
  /** What was to be published. */
  readonly external: Endpoint;
  /** What went wrong, for people; never holds a secret. */
  readonly reason: string;
}

/** A client of the forwarder came, went, or was turned away. */
export interface ClientEvent extends EventBase {
  /** Name of the event. */
  readonly event: "client";
  /** `refused` is turned away before anything was opened. */
  readonly state: "opened" | "closed" | "refused";
  /** Who it is. */
  readonly client: Endpoint;
  /** Our endpoint towards the target; the target's log shows it. Absent while there is none. */
  readonly local?: Endpoint;
  /** Where its traffic went. */
  readonly target?: Endpoint;
  /** Bytes from the client to the target, once closed. */
  readonly bytesIn?: number;
  /** Bytes from the target to the client, once closed. */
  readonly bytesOut?: number;
  /** Once closed, in milliseconds. */
  readonly durationMs?: number;
  /** How it ended (`eof`, `reset by client`, `idle`, `target refused`, …), or why it was refused. */
  readonly reason?: string;
}

/** The tunnel ended. */
export interface StoppedEvent extends EventBase {
  /** Name of the event. */
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
  | PublishedEvent
  | PublishFailedEvent
  | ClientEvent
  | StoppedEvent;

/** Events that say where the mapping is. */
export type MappingNews = MappedEvent | ChangedEvent | RestoredEvent;

/** Whether an event says where the mapping is. */
export function isMappingNews(event: MappingEvent): event is MappingNews {
  return event.event === "mapped" || event.event === "changed" || event.event === "restored";
}

/** Tells tunnels apart: a TCP and a UDP one may have the same name. */
export function tunnelKey({ protocol, name }: Pick<EventBase, "name" | "protocol">): string {
  return `${protocol} ${name}`;
}
