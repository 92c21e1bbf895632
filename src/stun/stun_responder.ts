import { scopeOf } from "../core/address_scope.ts";
import type { Endpoint } from "../core/endpoint.ts";
import {
  ATTRIBUTE,
  type ChangeRequest,
  decodeChangeRequest,
  decodeResponsePort,
  encodeAddress,
  encodeErrorCode,
  encodeSoftware,
  encodeUnknownAttributes,
  findAttribute,
} from "./attributes.ts";
import { unknownRequiredTypes } from "./binding.ts";
import { StunDecodeError } from "./errors.ts";
import { checkFingerprint, encodeWithFingerprint } from "./fingerprint.ts";
import {
  BINDING_METHOD,
  decodeMessage,
  encodeMessage,
  type MessageClass,
  type ReceivedMessage,
  type StunAttribute,
} from "./message.ts";

/** How a request reached the server. */
export interface RequestContext {
  /** Where it came from. */
  readonly from: Endpoint;
  /** The server's endpoint it came to, as clients know it. */
  readonly at: Endpoint;
  /**
   * The endpoint that differs from `at` as CHANGE-REQUEST asks, as clients know it; `undefined` if the server
   * has none, as over TCP.
   */
  readonly changed: (change: ChangeRequest) => Endpoint | undefined;
  /** Whether an answer can go to another port than the request came from; over TCP it cannot. @default {false} */
  readonly canRedirect?: boolean | undefined;
  /** The endpoint with another address and another port; absent with one address only (RFC 5780, section 6). */
  readonly other?: Endpoint | undefined;
}

/** What to send back. */
export interface StunReply {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The change to apply to the endpoint the request came to; both `false`: answer from there. */
  readonly change: ChangeRequest;
  /** The port of the asking address to answer to; absent: that of the request. */
  readonly toPort?: number | undefined;
}

const SOFTWARE = "porthole";
const NO_CHANGE: ChangeRequest = { changesAddress: false, changesPort: false };

/** What a request may carry although we do nothing about it: credentials, which nobody asked for. */
const IGNORED: ReadonlySet<number> = new Set([
  ATTRIBUTE.username,
  ATTRIBUTE.messageIntegrity,
  ATTRIBUTE.realm,
  ATTRIBUTE.nonce,
  ATTRIBUTE.messageIntegritySha256,
  ATTRIBUTE.passwordAlgorithm,
  ATTRIBUTE.userhash,
]);

/**
 * Answers one message as a STUN server (RFC 8489 section 6.3.1, RFC 5780 section 6.1, RFC 3489 for requests
 * without the cookie). Pure. Answers nothing but Binding requests, so two servers can never keep each other
 * busy; never sends anywhere but back to the source's address, so RESPONSE-ADDRESS is refused.
 *
 * @returns `undefined` if there is nothing to answer.
 */
export function answerRequest(data: Uint8Array, context: RequestContext): StunReply | undefined {
  try {
    const request = decodeMessage(data);
    if (request.class !== "request" || request.method !== BINDING_METHOD) return undefined;
    const fingerprint = checkFingerprint(data);
    if (fingerprint === "invalid") return undefined;
    const encode = fingerprint === "valid" ? encodeWithFingerprint : encodeMessage;
    const { change, toPort, attributes, class: messageClass } = answer(request, context);
    const bytes = encode({ class: messageClass, method: BINDING_METHOD, id: request.id, attributes });
    return { bytes, change, ...(toPort !== undefined && { toPort }) };
  } catch (error) {
    if (error instanceof StunDecodeError) return undefined;
    throw error;
  }
}

interface Answer {
  readonly class: MessageClass;
  readonly attributes: readonly StunAttribute[];
  readonly change: ChangeRequest;
  readonly toPort?: number | undefined;
}

function answer(request: ReceivedMessage, context: RequestContext): Answer {
  const asked = findAttribute(request, ATTRIBUTE.changeRequest);
  const change = asked === undefined ? NO_CHANGE : decodeChangeRequest(asked);
  const origin = change.changesAddress || change.changesPort ? context.changed(change) : context.at;
  const redirected = context.canRedirect ? findAttribute(request, ATTRIBUTE.responsePort) : undefined;
  const understood = new Set([
    ...IGNORED,
    ...(origin === undefined ? [] : [ATTRIBUTE.changeRequest]),
    ...(redirected === undefined ? [] : [ATTRIBUTE.responsePort]),
  ]);
  const unknown = unknownRequiredTypes(request, understood);
  if (unknown.length > 0 || origin === undefined) {
    const attributes = [
      encodeErrorCode({ status: 420, reason: "Unknown Attribute" }),
      encodeUnknownAttributes(unknown),
      ...(request.hasCookie ? [encodeSoftware(SOFTWARE)] : []),
    ];
    return { class: "error", attributes, change: NO_CHANGE };
  }
  const attributes = request.hasCookie
    ? modernAttributes(request, context, origin)
    : classicAttributes(context, origin);
  return { class: "success", attributes, change, toPort: redirected && decodeResponsePort(redirected) };
}

function modernAttributes(
  request: ReceivedMessage,
  context: RequestContext,
  origin: Endpoint,
): StunAttribute[] {
  const { from, other } = context;
  return [
    encodeAddress(ATTRIBUTE.xorMappedAddress, from, request.id),
    // Clients older than RFC 5389 that send the cookie by chance or by copy know only this one.
    encodeAddress(ATTRIBUTE.mappedAddress, from),
    ...encodeKnown(ATTRIBUTE.responseOrigin, origin),
    ...encodeKnown(ATTRIBUTE.otherAddress, other),
    encodeSoftware(SOFTWARE),
  ];
}

/** RFC 3489, section 8.1; without an alternate address CHANGED-ADDRESS is left out rather than invented. */
function classicAttributes(context: RequestContext, origin: Endpoint): StunAttribute[] {
  return [
    encodeAddress(ATTRIBUTE.mappedAddress, context.from),
    ...encodeKnown(ATTRIBUTE.sourceAddress, origin),
    ...encodeKnown(ATTRIBUTE.changedAddress, context.other),
  ];
}

/** A server bound to every address does not know which of them was asked, and better says nothing. */
function encodeKnown(type: number, endpoint: Endpoint | undefined): StunAttribute[] {
  const isKnown = endpoint !== undefined && scopeOf(endpoint.address) !== "unspecified";
  return isKnown ? [encodeAddress(type, endpoint)] : [];
}
