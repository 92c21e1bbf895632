import { scopeOf } from "../core/address_scope.ts";
import { exchangeDatagrams } from "./datagram_exchange.ts";
import { EpochWatch } from "./epoch_watch.ts";
import { GatewayError } from "./errors.ts";
import type { MapGrant, Mapper, MapperHandlers, MapRequest, RouterLink } from "./mapper.ts";
import {
  decodePcpAnswer,
  describePcpResult,
  encodePcpRequest,
  isNatPmpRefusal,
  PCP_CANNOT_PROVIDE_EXTERNAL,
  type PcpAnswer,
  type PcpMapping,
  type PcpRequest,
} from "./pcp_message.ts";

/** RFC 6887, section 7.4. */
const UNSUPPORTED_VERSION = 1;
/** Network failure, and out of resources, which miniupnpd says in its place. */
const ADDRESSLESS: readonly number[] = [7, 8];

/** A router asked by PCP (RFC 6887); over IPv6 it opens its firewall. */
export class PcpMapper implements Mapper {
  readonly way = "pcp";
  readonly #link: RouterLink;
  readonly #onForgotten: () => void;
  readonly #epochs = new EpochWatch("pcp");
  #externalAddress: string | undefined;

  /** Sends nothing. */
  constructor(link: RouterLink, { onForgotten }: MapperHandlers) {
    this.#link = link;
    this.#onForgotten = onForgotten;
  }

  /** As {@linkcode Mapper.externalAddress}: that of the last mapping, as PCP has no request of its own for it. */
  async externalAddress(signal: AbortSignal): Promise<string | undefined> {
    await this.#announce(signal);
    return this.#externalAddress;
  }

  /** As {@linkcode Mapper.map}. */
  async map(request: MapRequest, signal: AbortSignal): Promise<MapGrant> {
    const { lifetimeSeconds, mapping } = await this.#ask({ ...request, kind: "map" }, signal);
    if (mapping === undefined || mapping.externalPort === 0 || lifetimeSeconds === 0) {
      throw this.#error("it gave no port", "malformed");
    }
    const { externalPort, externalAddress } = mapping;
    const isUsable = scopeOf(externalAddress) !== "unspecified";
    this.#externalAddress = isUsable ? externalAddress : undefined;
    return { externalPort, externalAddress: this.#externalAddress, lifetimeSeconds };
  }

  /** As {@linkcode Mapper.unmap}. */
  async unmap(request: MapRequest, _grant: MapGrant, signal: AbortSignal): Promise<void> {
    await this.#ask({ ...request, kind: "map", externalPort: 0, lifetimeSeconds: 0 }, signal);
  }

  /** As {@linkcode Mapper.check}; the epoch of any answer tells. */
  async check(_held: unknown, signal: AbortSignal): Promise<void> {
    await this.#announce(signal);
  }

  /** Whether the server is there. */
  async #announce(signal: AbortSignal): Promise<void> {
    await this.#ask({ kind: "announce", client: this.#link.local }, signal);
  }

  async #ask(request: PcpRequest, signal: AbortSignal): Promise<PcpAnswer> {
    const { platform: { clock } } = this.#link;
    const answer = await exchangeDatagrams<PcpAnswer | "nat-pmp">(this.#link, {
      request: encodePcpRequest(request),
      way: this.way,
      read: (data) => isNatPmpRefusal(data) ? "nat-pmp" : readAnswer(data, request),
      signal,
    });
    if (answer === "nat-pmp") throw this.#error("it knows NAT-PMP only", "silent");
    if (this.#epochs.note(answer.epochSeconds, clock.now())) this.#onForgotten();
    const { result, lifetimeSeconds } = answer;
    if (result === UNSUPPORTED_VERSION) throw this.#error(describePcpResult(result), "silent");
    // Some servers do not know ANNOUNCE, or see us by another address; that they say so by PCP is all that was asked.
    if (result === 0 || request.kind === "announce") return answer;
    const fault = result === PCP_CANNOT_PROVIDE_EXTERNAL ? "conflict" : "refused";
    throw new GatewayError(describePcpResult(result), {
      ...{ fault, router: this.#link.router, way: this.way, retryAfterMs: lifetimeSeconds * 1000 },
      isVague: ADDRESSLESS.includes(result),
    });
  }

  #error(reason: string, fault: "silent" | "malformed"): GatewayError {
    return new GatewayError(reason, { fault, router: this.#link.router, way: this.way });
  }
}

/** What is no answer to exactly this request is none. */
function readAnswer(data: Uint8Array, request: PcpRequest): PcpAnswer | undefined {
  const answer = decodePcpAnswer(data);
  if (answer === undefined || answer.opcode !== (request.kind === "map" ? 1 : 0)) return undefined;
  if (request.kind === "announce") return answer;
  const { mapping, result } = answer;
  // A refusal need not repeat what was asked.
  if (mapping === undefined) return result === 0 ? undefined : answer;
  return isAbout(mapping, request) ? answer : undefined;
}

function isAbout(
  mapping: PcpMapping,
  { nonce, protocol, internalPort }: Pick<PcpMapping, "nonce" | "protocol" | "internalPort">,
): boolean {
  return mapping.protocol === protocol && mapping.internalPort === internalPort &&
    mapping.nonce.every((byte, i) => byte === nonce[i]);
}
