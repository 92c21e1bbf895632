import type { Endpoint } from "../../src/core/endpoint.ts";
import type { DatagramSocket, Net } from "../../src/core/net.ts";
import { ATTRIBUTE, decodeChangeRequest, encodeAddress, findAttribute } from "../../src/stun/attributes.ts";
import { decodeMessage, encodeMessage, type StunAttribute } from "../../src/stun/message.ts";

/** How a server is odd. */
export interface OddStunOptions {
  readonly net: Net;
  readonly listen: Endpoint;
  /** CHANGED-ADDRESS; with it CHANGE-REQUEST is honoured, by RFC 3489, unless `isDeaf`. */
  readonly changed?: Endpoint;
  /** Answers CHANGE-REQUEST from where it was asked, as servers do that do not know it. */
  readonly isDeaf?: boolean;
  /** What it says to have seen. @default {the truth} */
  readonly seen?: (from: Endpoint) => Endpoint;
  /** Answers with another id than that of the request. */
  readonly hasWrongId?: boolean;
  /** Answers from this port of its address. */
  readonly answersFromPort?: number;
}

/**
 * A STUN server of RFC 3489 over UDP that may lie: MAPPED-ADDRESS, SOURCE-ADDRESS and CHANGED-ADDRESS, no XOR, the
 * 128 bits of the id as they came. Disposing closes it.
 */
export async function serveOddStun(options: OddStunOptions): Promise<Disposable> {
  const { net, listen, changed, answersFromPort } = options;
  const places = new Map<string, DatagramSocket>();
  using stack = new DisposableStack();
  const other = changed ?? { address: listen.address, port: answersFromPort ?? listen.port };
  for (const address of new Set([listen.address, other.address])) {
    for (const port of new Set([listen.port, other.port])) {
      const onDatagram = (data: Uint8Array, from: Endpoint): void => {
        const reply = replyTo(data, { ...options, from, at: { address, port } });
        if (reply === undefined) return;
        places.get(`${reply.from.address} ${reply.from.port}`)?.send(reply.data, from);
      };
      const socket = stack.use(await net.openDatagram({ local: { address, port }, onDatagram }));
      places.set(`${address} ${port}`, socket);
    }
  }
  return stack.move();
}

interface Request extends OddStunOptions {
  readonly from: Endpoint;
  readonly at: Endpoint;
}

function replyTo(
  data: Uint8Array,
  request: Request,
): { readonly data: Uint8Array; readonly from: Endpoint } | undefined {
  const { listen, changed, seen = (from: Endpoint): Endpoint => from, from, at, isDeaf = false } = request;
  const message = decodeMessage(data);
  if (message.class !== "request") return undefined;
  const wish = findAttribute(message, ATTRIBUTE.changeRequest);
  const change = wish && !isDeaf ? decodeChangeRequest(wish) : undefined;
  const elsewhere = changed ?? at;
  const source = {
    address: change?.changesAddress ? flip(at.address, [listen.address, elsewhere.address]) : at.address,
    port: request.answersFromPort ??
      (change?.changesPort ? flip(at.port, [listen.port, elsewhere.port]) : at.port),
  };
  const attributes: StunAttribute[] = [
    encodeAddress(ATTRIBUTE.mappedAddress, seen(from)),
    encodeAddress(ATTRIBUTE.sourceAddress, source),
    ...(changed ? [encodeAddress(ATTRIBUTE.changedAddress, changed)] : []),
  ];
  const id = request.hasWrongId ? message.id.map((byte, i) => i === 15 ? byte ^ 1 : byte) : message.id;
  return { data: encodeMessage({ class: "success", method: message.method, id, attributes }), from: source };
}

function flip<T>(value: T, [one, other]: readonly [T, T]): T {
  return value === one ? other : one;
}
