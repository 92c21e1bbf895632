import { exchangeDatagrams } from "./datagram_exchange.ts";
import { EpochWatch } from "./epoch_watch.ts";
import { GatewayError } from "./errors.ts";
import type { MapGrant, Mapper, MapperHandlers, MapRequest, RouterLink } from "./mapper.ts";
import {
  decodeNatPmpAnswer,
  describeNatPmpResult,
  encodeNatPmpRequest,
  type NatPmpAnswer,
  type NatPmpRequest,
} from "./natpmp_message.ts";

/** RFC 6886, section 3.5. */
const UNSUPPORTED_VERSION = 1;
/** Network failure, and out of resources, which miniupnpd says in its place. */
const ADDRESSLESS: readonly number[] = [3, 4];

type Success<K> = Extract<NatPmpAnswer, { readonly kind: K }>;

/** One of both. */
interface Outcome<T> {
  readonly answer?: T;
  readonly refusal?: Success<"refusal">;
}

/** A router asked by NAT-PMP (RFC 6886). IPv4 only. */
export class NatPmpMapper implements Mapper {
  readonly way = "nat-pmp";
  readonly #link: RouterLink;
  readonly #onForgotten: () => void;
  readonly #epochs = new EpochWatch("nat-pmp");
  #externalAddress: string | undefined;

  /** Sends nothing. */
  constructor(link: RouterLink, { onForgotten }: MapperHandlers) {
    this.#link = link;
    this.#onForgotten = onForgotten;
  }

  /** As {@linkcode Mapper.externalAddress}. */
  async externalAddress(signal: AbortSignal): Promise<string | undefined> {
    const { address } = await this.#ask({ kind: "external-address" }, isExternalAddress, signal);
    return this.#externalAddress = address === "0.0.0.0" ? undefined : address;
  }

  /** As {@linkcode Mapper.map}. */
  async map(request: MapRequest, signal: AbortSignal): Promise<MapGrant> {
    const { protocol, internalPort, externalPort, lifetimeSeconds } = request;
    const asked = { kind: "map", protocol, internalPort, externalPort, lifetimeSeconds } as const;
    const answer = await this.#ask(asked, (given) => isMapping(given, request), signal);
    if (answer.externalPort === 0 || answer.lifetimeSeconds === 0) {
      throw this.#refusal("it gave no port", "malformed");
    }
    return {
      externalPort: answer.externalPort,
      externalAddress: this.#externalAddress,
      lifetimeSeconds: answer.lifetimeSeconds,
    };
  }

  /** As {@linkcode Mapper.unmap}. */
  async unmap(request: MapRequest, _grant: MapGrant, signal: AbortSignal): Promise<void> {
    const { protocol, internalPort } = request;
    const asked = { kind: "map", protocol, internalPort, externalPort: 0, lifetimeSeconds: 0 } as const;
    await this.#ask(asked, (given) => isMapping(given, request), signal);
  }

  /** As {@linkcode Mapper.check}; the epoch of any answer tells. */
  async check(_held: unknown, signal: AbortSignal): Promise<void> {
    await this.externalAddress(signal);
  }

  async #ask<T extends NatPmpAnswer>(
    request: NatPmpRequest,
    isAnswer: (answer: NatPmpAnswer) => answer is T,
    signal: AbortSignal,
  ): Promise<T> {
    const { clock } = this.#link.platform;
    const bytes = encodeNatPmpRequest(request);
    const { answer, refusal } = await exchangeDatagrams<Outcome<T>>(this.#link, {
      request: bytes,
      way: this.way,
      read: (data) => {
        const read = decodeNatPmpAnswer(data);
        if (read?.kind !== "refusal") {
          return read !== undefined && isAnswer(read) ? { answer: read } : undefined;
        }
        // A server that does not know the version may not know where the opcode stands either.
        return read.opcode === bytes[1] || read.result === UNSUPPORTED_VERSION
          ? { refusal: read }
          : undefined;
      },
      signal,
    });
    const { epochSeconds = 0 } = answer ?? refusal ?? {};
    if (this.#epochs.note(epochSeconds, clock.now())) this.#onForgotten();
    if (answer !== undefined) return answer;
    const result = refusal?.result ?? 0;
    // It speaks something else, so it is as good as not there.
    const fault = result === UNSUPPORTED_VERSION ? "silent" : "refused";
    throw this.#refusal(describeNatPmpResult(result), fault, ADDRESSLESS.includes(result));
  }

  #refusal(reason: string, fault: "silent" | "refused" | "malformed", isVague = false): GatewayError {
    return new GatewayError(reason, { fault, router: this.#link.router, way: this.way, isVague });
  }
}

function isExternalAddress(answer: NatPmpAnswer): answer is Success<"external-address"> {
  return answer.kind === "external-address";
}

function isMapping(
  answer: NatPmpAnswer,
  { protocol, internalPort }: Pick<MapRequest, "protocol" | "internalPort">,
): answer is Success<"map"> {
  return answer.kind === "map" && answer.protocol === protocol && answer.internalPort === internalPort;
}
