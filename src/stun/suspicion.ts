import { type AddressScope, scopeOf } from "../core/address_scope.ts";
import { type Endpoint, familyOf, isSameEndpoint } from "../core/endpoint.ts";

/**
 * What is odd about a reflexive address: `fake-ip` means that a transparent proxy ate the request;
 * `private`, `cgn` and the like that another NAT sits behind the STUN server's view; `same-as-local` that there
 * is no NAT; `other-family` that something translated between IPv4 and IPv6.
 */
export type Suspicion =
  | "none"
  | "same-as-local"
  | "other-family"
  | Exclude<AddressScope, "global" | "documentation">;

/**
 * Judges an answer before anyone is told about it. Pure. A loopback external endpoint is fine where the local
 * one is loopback too (the demo). Documentation ranges are never handed out, so only laboratories see them: no
 * suspicion.
 *
 * @param local The endpoint the request was sent from.
 */
export function suspicionOf(reflexive: Endpoint, local: Endpoint): Suspicion {
  if (isSameEndpoint(reflexive, local)) return "same-as-local";
  if (familyOf(reflexive.address) !== familyOf(local.address)) return "other-family";
  const scope = scopeOf(reflexive.address);
  if (scope === "global" || scope === "documentation") return "none";
  if (scope === "loopback" && scopeOf(local.address) === "loopback") return "none";
  return scope;
}
