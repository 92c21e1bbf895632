import { scopeOf } from "../../core/address_scope.ts";
import { type Endpoint, isSameEndpoint } from "../../core/endpoint.ts";

/**
 * The endpoints that do not lead back to the port itself, where each connection would open the next one; records can
 * say anything. Pure.
 */
export function withoutOwn(endpoints: readonly Endpoint[], listen: Endpoint): readonly Endpoint[] {
  return endpoints.filter((endpoint) => !isOwn(endpoint, listen));
}

function isOwn(endpoint: Endpoint, listen: Endpoint): boolean {
  if (isSameEndpoint(endpoint, listen)) return true;
  return endpoint.port === listen.port && scopeOf(listen.address) === "unspecified" &&
    scopeOf(endpoint.address) === "loopback";
}
