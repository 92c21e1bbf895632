import { scopeOf } from "../core/address_scope.ts";
import { type Endpoint, formatEndpoint, isSameEndpoint } from "../core/endpoint.ts";
import { PortholeError } from "../core/errors.ts";

/** The target is one of the tunnel's own endpoints: each connection would open the next one for ever. */
export class ForwardLoopError extends PortholeError {
  override readonly name = "ForwardLoopError";
  override readonly code = "forward_loop";

  /** `own` is the endpoint of ours that the target is. */
  constructor(target: Endpoint, own: Endpoint) {
    super(
      `Cannot forward to ${formatEndpoint(target)}: it is the tunnel's own endpoint ${formatEndpoint(own)}`,
    );
  }
}

/** The tunnel's own endpoint that connections to `target` would arrive at; `undefined` if none. */
export function ownEndpointOf(
  target: Endpoint,
  own: { readonly internal: Endpoint; readonly external?: Endpoint | undefined },
): Endpoint | undefined {
  const { internal, external } = own;
  if (isSameEndpoint(target, external)) return external;
  if (target.port !== internal.port) return undefined;
  // Connecting to an unspecified address reaches this host.
  const isHere = isLocal(target.address) && isLocal(internal.address) &&
    (scopeOf(target.address) === "unspecified" || scopeOf(internal.address) === "unspecified");
  return target.address === internal.address || isHere ? internal : undefined;
}

function isLocal(address: string): boolean {
  const scope = scopeOf(address);
  return scope === "unspecified" || scope === "loopback";
}
