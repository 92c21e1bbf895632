import {
  bindSocket,
  connectSocket,
  type Descriptor,
  localAddress,
  makeSocketTransparent,
  openDatagramSocket,
  type SocketAddress,
} from "../../ffi/mod.ts";
import { askReceiveBuffer, joinReceivedDatagrams } from "../../ffi/udp_options.ts";
import { type Endpoint, type Family, familyOf, formatEndpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import { endpointOf, socketAddressOf } from "../net/socket_address.ts";

/** Takes a burst that arrives while the thread is busy elsewhere; the default of 208 KiB lost half in the spike. */
export const RECEIVE_BUFFER_BYTES: number = 4 * 1024 * 1024;

/** A socket of its own for one client, connected to the target: what comes back can only be for this client. */
export interface Upstream {
  readonly descriptor: Descriptor;
  readonly local: Endpoint;
  readonly target: Endpoint;
  /** What SO_RCVBUF granted. */
  readonly receiveBufferBytes: number;
}

/** Options for {@linkcode openUpstream}. */
export interface UpstreamOptions {
  /** Send from the client's own endpoint (IP_TRANSPARENT): its address. @default {undefined} */
  readonly source?: SocketAddress | undefined;
  /** Have the kernel join what it receives. @default {false} */
  readonly isJoined?: boolean | undefined;
}

/**
 * Connects to the first target that there is a way to. A target that nobody listens at is not noticed here: UDP has
 * no answer to connecting.
 *
 * @returns The socket, or why there is none, for people.
 */
export function openUpstream(targets: readonly Endpoint[], options: UpstreamOptions = {}): Upstream | string {
  let reason = "no target";
  for (const target of targets) {
    if (options.source !== undefined && familyOf(target.address) !== familyOfSource(options.source)) {
      reason = "target of another IP version than the client";
      continue;
    }
    try {
      return openTo(target, options);
    } catch (error) {
      const code = errorCode(error);
      if (code === "EMFILE" || code === "ENFILE") return "out of descriptors";
      reason = code === undefined ? errorMessage(error) : `target unreachable (${code})`;
    }
  }
  return reason;
}

function openTo(target: Endpoint, options: UpstreamOptions): Upstream {
  using rollback = new DisposableStack();
  const family = familyOf(target.address);
  const descriptor = rollback.use(openDatagramSocket(family));
  const receiveBufferBytes = askReceiveBuffer(descriptor.number, RECEIVE_BUFFER_BYTES);
  if (options.isJoined) joinReceivedDatagrams(descriptor.number);
  if (options.source !== undefined) {
    makeSocketTransparent(descriptor, family);
    bindSocket(descriptor, options.source, formatEndpoint(endpointOf(options.source)));
  }
  connectSocket(descriptor, socketAddressOf(target), formatEndpoint(target));
  const local = endpointOf(localAddress(descriptor));
  rollback.move();
  return { descriptor, local, target, receiveBufferBytes };
}

function familyOfSource(source: SocketAddress): Family {
  return source.bytes.length === 4 ? 4 : 6;
}
