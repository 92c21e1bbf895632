import type { Endpoint } from "../core/endpoint.ts";
import { scopeOf } from "../core/address_scope.ts";
import {
  ATTRIBUTE,
  type ChangeRequest,
  decodeAddress,
  decodeErrorCode,
  decodeText,
  encodeChangeRequest,
  encodeResponsePort,
  type ErrorCode,
  findAttribute,
} from "./attributes.ts";
import { StunDecodeError } from "./errors.ts";
import { BINDING_METHOD, encodeMessage, type ReceivedMessage } from "./message.ts";

/** What a success answer to Binding tells. */
export interface BindingAnswer {
  /** The reflexive address: where the server saw the request come from. */
  readonly reflexive: Endpoint;
  /** OTHER-ADDRESS, or CHANGED-ADDRESS of RFC 3489: the server's alternate address and port. */
  readonly otherAddress?: Endpoint;
  /** RESPONSE-ORIGIN, or SOURCE-ADDRESS of RFC 3489: where the server says it answered from. */
  readonly responseOrigin?: Endpoint;
  /** SOFTWARE, without control characters. */
  readonly software?: string;
}

/** How a server shall answer (RFC 5780, sections 7.2 and 7.5): from elsewhere, to another port, or both. */
export interface AnswerWishes extends Partial<ChangeRequest> {
  /** The port of our address that the answer goes to. */
  readonly responsePort?: number | undefined;
}

/** Encodes a Binding request. No SOFTWARE: the smallest request tells the least about us. */
export function encodeBindingRequest(id: Uint8Array, wishes: AnswerWishes = {}): Uint8Array<ArrayBuffer> {
  const { changesAddress, changesPort, responsePort } = wishes;
  const isChanged = changesAddress !== undefined || changesPort !== undefined;
  const attributes = [
    ...(isChanged
      ? [encodeChangeRequest({ changesAddress: changesAddress ?? false, changesPort: changesPort ?? false })]
      : []),
    ...(responsePort === undefined ? [] : [encodeResponsePort(responsePort)]),
  ];
  return encodeMessage({ class: "request", method: BINDING_METHOD, id, attributes });
}

/** Attributes below 0x8000 that may stand in an answer without making it unusable. */
const UNDERSTOOD: ReadonlySet<number> = new Set<number>(Object.values(ATTRIBUTE));

/**
 * Types that the sender requires us to understand and that we do not (RFC 8489, section 14).
 *
 * @param understood Those that we do.
 */
export function unknownRequiredTypes(
  message: ReceivedMessage,
  understood: ReadonlySet<number> = UNDERSTOOD,
): readonly number[] {
  const types = message.attributes.map(({ type }) => type);
  return [...new Set(types.filter((type) => type < 0x8000 && !understood.has(type)))];
}

/**
 * Where the server saw us: XOR-MAPPED-ADDRESS, else its old number 0x8020, else MAPPED-ADDRESS, which routers
 * with an eager ALG rewrite.
 *
 * @throws {StunDecodeError} If there is none, or it is not an endpoint that anyone could have.
 */
function readReflexive(message: ReceivedMessage): Endpoint {
  const xored = findAttribute(message, ATTRIBUTE.xorMappedAddress) ??
    findAttribute(message, ATTRIBUTE.oldXorMappedAddress);
  const attribute = xored ?? findAttribute(message, ATTRIBUTE.mappedAddress);
  if (attribute === undefined) throw new StunDecodeError("no mapped address in the answer", 20);
  const endpoint = decodeAddress(attribute, xored && message.id);
  const scope = scopeOf(endpoint.address);
  if (endpoint.port === 0 || scope === "unspecified" || scope === "multicast") {
    throw new StunDecodeError(
      `${endpoint.address} port ${endpoint.port} as mapped address`,
      attribute.offset,
    );
  }
  return endpoint;
}

/** The first readable one: these only help, so a broken one is as good as none. */
function readOptionalAddress(message: ReceivedMessage, types: readonly number[]): Endpoint | undefined {
  for (const type of types) {
    const attribute = findAttribute(message, type);
    if (attribute === undefined) continue;
    try {
      const endpoint = decodeAddress(attribute);
      if (endpoint.port !== 0) return endpoint;
    } catch (error) {
      if (!(error instanceof StunDecodeError)) throw error;
    }
  }
  return undefined;
}

/**
 * Reads a success answer.
 *
 * @throws {StunDecodeError} If it carries no usable mapped address, or an attribute that has to be understood
 * and is not (RFC 8489, section 6.3.3).
 */
export function readBindingAnswer(message: ReceivedMessage): BindingAnswer {
  const [unknown] = unknownRequiredTypes(message);
  if (unknown !== undefined) {
    throw new StunDecodeError(`unknown required attribute 0x${unknown.toString(16).padStart(4, "0")}`, 20);
  }
  const reflexive = readReflexive(message);
  const otherAddress = readOptionalAddress(message, [ATTRIBUTE.otherAddress, ATTRIBUTE.changedAddress]);
  const responseOrigin = readOptionalAddress(message, [ATTRIBUTE.responseOrigin, ATTRIBUTE.sourceAddress]);
  const software = findAttribute(message, ATTRIBUTE.software);
  return {
    reflexive,
    ...(otherAddress && { otherAddress }),
    ...(responseOrigin && { responseOrigin }),
    ...(software && { software: decodeText(software.value) }),
  };
}

/** Reads an error answer; status 0 if it does not say which error. */
export function readErrorCode(message: ReceivedMessage): ErrorCode {
  const attribute = findAttribute(message, ATTRIBUTE.errorCode);
  try {
    if (attribute !== undefined) return decodeErrorCode(attribute);
  } catch (error) {
    if (!(error instanceof StunDecodeError)) throw error;
  }
  return { status: 0, reason: "" };
}

/**
 * Whether the alternate address a server names may be asked: another IP address of the same family and
 * scope, so that no server can make us send into the local network.
 */
export function isUsableAlternate(server: Endpoint, alternate: Endpoint): boolean {
  return alternate.address !== server.address && alternate.port !== 0 &&
    alternate.address.includes(":") === server.address.includes(":") &&
    scopeOf(alternate.address) === scopeOf(server.address);
}
