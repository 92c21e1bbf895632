import type { AddressScope } from "../core/address_scope.ts";
import type { NatBehavior } from "../core/behavior.ts";
import type { Endpoint, Family, HostPort } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Reason } from "./reason.ts";
import type { Rfc3489Kind } from "./rfc3489.ts";

/** A finding: seen, seen not to be, or not seen, with a {@linkcode Reason} beside it. */
export type Finding = "yes" | "no" | "unknown";

/**
 * How external ports are given to new internal endpoints (RFC 4787, section 4.2): the internal port itself, each at
 * most 5 above the one before, growing, or none of these.
 */
export type PortAllocation = "preserving" | "contiguous" | "increasing" | "random" | "unknown";

/**
 * Signs of something on the way that answers in the place of others: an address of 198.18.0.0/15, answers faster than
 * light allows, a server contradicted by two others, a TCP connection to an address that nobody has.
 */
export type ProxySuspicion = "none" | "fake-ip" | "too-fast" | "contradicted" | "answers-for-nobody";

/**
 * How the filtering was found out: by CHANGE-REQUEST (RFC 5780, section 4.4), by ourselves knocking at the external
 * endpoint (weaker: a NAT may let its own inside in where strangers are not), or by somebody outside.
 */
export type FilteringWay = "change-request" | "hairpin" | "outside";

/** What a probe was for. */
export type ProbePurpose = "mapping" | "alternate" | "ports" | "filtering" | "hairpin" | "outside" | "proxy";

/** One thing that was asked and what came of it. */
export interface Evidence {
  /** What it was for. */
  readonly purpose: ProbePurpose;
  /** Transport. */
  readonly protocol: Protocol;
  /** Who was asked or knocked at. */
  readonly asked: Endpoint;
  /** The server as the user wrote it, where it is one of the list. */
  readonly server?: HostPort | undefined;
  /** Where the question came from; absent if no socket could be opened. */
  readonly local?: Endpoint | undefined;
  /** What came of it. */
  readonly outcome: "answered" | "silent" | "refused" | "arrived" | "failed";
  /** Where the answerer saw the question come from. */
  readonly seen?: Endpoint | undefined;
  /** The other address the server named (OTHER-ADDRESS or CHANGED-ADDRESS). */
  readonly otherAddress?: Endpoint | undefined;
  /** From the question to the answer, in milliseconds; over TCP without connecting. */
  readonly rttMs?: number | undefined;
  /** More, in English and on one line: an error, a verdict. */
  readonly note?: string | undefined;
}

/** What was found out about one transport. Every finding that is `unknown` has its reason beside it. */
export interface TransportReport {
  /** The transport. */
  readonly protocol: Protocol;
  /** Where the mapping was asked for; absent if the port could not be bound. */
  readonly internal?: Endpoint | undefined;
  /** What servers see of {@linkcode internal}: the endpoint most of them saw, else the first one. */
  readonly external?: Endpoint | undefined;
  /** All different endpoints that servers saw of {@linkcode internal}, in the order of their answers. */
  readonly externals: readonly Endpoint[];
  /** What kind of address {@linkcode external} has; `cgn` and `private` mean another NAT further out. */
  readonly scope?: AddressScope | undefined;

  /**
   * Mapping behaviour; `none` is no NAT. With a reason beside `address-and-port-dependent` only this much is known:
   * it depends on the destination.
   */
  readonly mapping: NatBehavior;
  /** Why unknown, or what was not told apart. */
  readonly mappingReason?: Reason | undefined;
  /** Filtering behaviour; without NAT that of a firewall. Never `none`: `endpoint-independent` lets everyone in. */
  readonly filtering: Exclude<NatBehavior, "none">;
  /** Why unknown. */
  readonly filteringReason?: Reason | undefined;
  /** How {@linkcode filtering} was found out; absent if it is unknown. */
  readonly filteringWay?: FilteringWay | undefined;
  /** Whether strangers get in: known also where it is not known which ones are kept out. */
  readonly strangersGetIn: Finding;
  /** Why unknown. */
  readonly strangersGetInReason?: Reason | undefined;
  /** Whether the inside reaches a mapping by its external endpoint (RFC 4787, section 6). */
  readonly hairpinning: Finding;
  /** Why unknown. */
  readonly hairpinningReason?: Reason | undefined;

  /** Whether all sockets kept their port number (RFC 4787, section 4.2.1). */
  readonly portPreservation: Finding;
  /** Why unknown. */
  readonly portPreservationReason?: Reason | undefined;
  /** Whether even ports stay even and odd ones odd (RFC 4787, section 4.2.2). */
  readonly parity: Finding;
  /** Why unknown. */
  readonly parityReason?: Reason | undefined;
  /** How ports are given. */
  readonly allocation: PortAllocation;
  /** Why unknown. */
  readonly allocationReason?: Reason | undefined;
  /** From each external port to the one of the next socket, in the order of asking. */
  readonly portDifferences: readonly number[];
  /**
   * Whether the ports that servers see of *one* socket differ by 1 to 5, so that they can be guessed (frp's
   * "regular"); `no` also where they do not differ.
   */
  readonly regular: Finding;
  /** Why unknown. */
  readonly regularReason?: Reason | undefined;
  /** Largest minus smallest external port of one socket, where only ports differ. */
  readonly portSpread?: number | undefined;

  /** Whether the NAT has several external addresses in use. */
  readonly severalAddresses: Finding;
  /** Why unknown. */
  readonly severalAddressesReason?: Reason | undefined;
  /** Whether it is a cloud host's NAT: another address, but the same ports and nothing filtered. */
  readonly oneToOne: Finding;
  /** Why unknown. */
  readonly oneToOneReason?: Reason | undefined;
  /** Whether nobody answers over this transport although at least three servers were asked. */
  readonly blocked: Finding;
  /** Why unknown. */
  readonly blockedReason?: Reason | undefined;

  /** Whether a proxy or the like answers on the way, and how that shows. */
  readonly suspicion: ProxySuspicion;
  /** What was seen. */
  readonly suspicionReason?: Reason | undefined;
  /** The kind as people name it, {@linkcode rfc3489Of} of this report. */
  readonly rfc3489: Rfc3489Kind;
  /** Why unknown. */
  readonly rfc3489Reason?: Reason | undefined;
  /** The kernel's refusal if the port could not be bound; everything is unknown then. */
  readonly bindError?: Error | undefined;
  /** Everything that was asked, in the order of asking. */
  readonly evidence: readonly Evidence[];
}

/** This host as far as the check looked at it. */
export interface LocalReport {
  /** The address asked from; absent without a route to any server. */
  readonly address?: string | undefined;
  /** What kind of address it is. */
  readonly scope?: AddressScope | undefined;
}

/** What {@linkcode checkNat} found out. */
export interface NatReport {
  /** IP version. */
  readonly family: Family;
  /** Our side. */
  readonly local: LocalReport;
  /** UDP, if it was checked. */
  readonly udp?: TransportReport | undefined;
  /** TCP, if it was checked. */
  readonly tcp?: TransportReport | undefined;
  /** When the check began. */
  readonly at: Date;
  /** How long it took. */
  readonly elapsedMs: number;
  /** Datagrams sent and connections tried. */
  readonly sends: number;
}
