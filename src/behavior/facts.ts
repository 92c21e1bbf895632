import type { Endpoint, Family, HostPort } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { OutsideView } from "./check_options.ts";
import type { FilteringResult } from "./filtering_probe.ts";
import type { Evidence } from "./nat_report.ts";
import type { Reason } from "./reason.ts";

/** What one server saw of one socket. */
export interface Sighting {
  /** Who answered. */
  readonly server: Endpoint;
  /** The server as the user wrote it; absent for an alternate address. */
  readonly spec?: HostPort | undefined;
  /** The socket asked from. */
  readonly local: Endpoint;
  /** Its reflexive address. */
  readonly seen: Endpoint;
  /** OTHER-ADDRESS or CHANGED-ADDRESS. */
  readonly otherAddress?: Endpoint | undefined;
  /** From the request to the answer, in milliseconds. */
  readonly rttMs: number;
}

/** A socket of its own and what a server saw of it. */
export type PortSample = Pick<Sighting, "server" | "local" | "seen">;

/**
 * From where the external endpoint of a socket was knocked at: a `stranger` is an endpoint at an address it never sent
 * to, `address` one at an address that it did send to, but to another port, `endpoint` one that it did send to.
 */
export type KnockStage = "stranger" | "address" | "endpoint";

/** What came of knocking at our own external endpoints. */
export interface KnockFacts {
  /** Stages that were tried to the end, or succeeded. */
  readonly tried: readonly KnockStage[];
  /** Stages in which the knock arrived. */
  readonly arrived: readonly KnockStage[];
}

/** What somebody outside saw. */
export interface OutsideFacts {
  /** What the probe said; absent if it failed or was too slow. */
  readonly view?: OutsideView | undefined;
  /** Somebody unknown who got in meanwhile. */
  readonly arrivedFrom?: Endpoint | undefined;
  /** Why there is no view, or why it does not count. */
  readonly error?: string | undefined;
}

/** Everything that was seen of one transport; the report follows from it. */
export interface TransportFacts {
  /** The transport. */
  readonly protocol: Protocol;
  /** IP version. */
  readonly family: Family;
  /** The socket whose mapping was asked for. */
  readonly internal?: Endpoint | undefined;
  /** The kernel's refusal to bind it. */
  readonly bindError?: Error | undefined;
  /** Why nobody could be asked. */
  readonly obstacle?: Reason | undefined;
  /** What servers saw of {@linkcode internal}, in the order of their answers; no address twice. */
  readonly sightings: readonly Sighting[];
  /** The same of alternate addresses and ports of those servers (RFC 5780, section 4.3). */
  readonly alternates: readonly Sighting[];
  /** How many servers were silent or refused. */
  readonly silentServers: number;
  /** How many of them refused. @default {0} */
  readonly refusedServers?: number | undefined;
  /** What else the kernel said when servers were asked. */
  readonly lastError?: string | undefined;
  /** Fresh sockets in the order of asking, all of one server. */
  readonly samples: readonly PortSample[];
  /** Verdicts of the filtering probe, one per server. */
  readonly filterings: readonly FilteringResult[];
  /** What came of knocking; absent if there was nothing to knock at. */
  readonly knock?: KnockFacts | undefined;
  /** Why there was nothing to knock at. */
  readonly trialError?: string | undefined;
  /** What came of asking outside; absent if nobody was asked. */
  readonly outside?: OutsideFacts | undefined;
  /** An address that nobody has took a connection. */
  readonly nobodyTook?: Endpoint | undefined;
  /** The check was cut short. */
  readonly isTimeUp: boolean;
  /** What was asked, in order. */
  readonly evidence: readonly Evidence[];
}
