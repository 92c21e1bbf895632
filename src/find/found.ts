import type { Endpoint, Family } from "../core/endpoint.ts";
import { PortholeError } from "../core/errors.ts";
import type { Service } from "./service.ts";

/**
 * How an endpoint is found: a port in a TXT record (POT), SRV, HTTPS or SVCB, an IPv6 address that stands for an IPv4
 * endpoint (IP4P), or the name's own address with the usual port.
 */
export type FindWay = "pot" | "srv" | "https" | "ip4p" | "address";

/** In this order the first that gives an endpoint counts: the ones that name the service go before the others. */
export const FIND_WAYS: readonly FindWay[] = ["pot", "srv", "https", "ip4p", "address"];

/** What is looked for. */
export interface FindQuestion {
  /** Canonical domain name (core/domain_name.ts), or a canonical address. */
  readonly name: string;
  /** Which service of it; `undefined` if it has only one. */
  readonly service: Service | undefined;
  /** The only way that counts, or `auto`. */
  readonly via: FindWay | "auto";
  /** Instead of the service's usual port where no record names one. */
  readonly port: number | undefined;
  /** IP versions that may be used; at least one. */
  readonly families: readonly Family[];
}

/** Something odd that was seen on the way. */
export type FindWarning =
  /** An address is one that transparent proxies make up (198.18.0.0/15). */
  | { readonly kind: "fake-ip"; readonly address: string }
  /** A way that goes before could not be tried, so the answer may not be the right one. */
  | { readonly kind: "way-failed"; readonly way: FindWay; readonly reason: string }
  /** No record names a port: it is only the usual one. */
  | { readonly kind: "usual-port"; readonly port: number };

/** Where a service is now. */
export interface Found {
  /** Best first, at least one. */
  readonly endpoints: readonly Endpoint[];
  /** How they were found. */
  readonly via: FindWay;
  /** How long the records may be kept, in seconds; `undefined` where nobody said. */
  readonly ttlSeconds: number | undefined;
  /** The records that say so, as in `SRV _ssh._tcp.example.com 0 0 14500 home.example.com`. */
  readonly evidence: readonly string[];
  /** What is odd about it. */
  readonly warnings: readonly FindWarning[];
}

/** Nothing was found; the message says what each way was about, on one line. */
export class NotFoundError extends PortholeError {
  /** Name of the class. */
  override readonly name = "NotFoundError";
  /** For programs. */
  override readonly code = "not_found";
  /** Whether trying again may help: a server failed, as opposed to what it said. */
  readonly isTemporary: boolean;
  /** Whether made-up addresses were among the answers. */
  readonly hasFakeIp: boolean;

  /** `reasons` are those of the ways, in order. */
  constructor(
    { name, service }: FindQuestion,
    reasons: readonly string[],
    more: { readonly isTemporary: boolean; readonly hasFakeIp?: boolean },
  ) {
    const subject = service === undefined ? name : `${service.text} at ${name}`;
    super(`Cannot find ${subject}: ${[...new Set(reasons)].join("; ")}`);
    this.isTemporary = more.isTemporary;
    this.hasFakeIp = more.hasFakeIp ?? false;
  }
}
