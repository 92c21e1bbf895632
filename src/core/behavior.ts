/** Mapping or filtering behaviour of a NAT (RFC 4787, sections 4.1 and 5); `none` is no NAT at all. */
export type NatBehavior =
  | "endpoint-independent"
  | "address-dependent"
  | "address-and-port-dependent"
  | "none"
  | "unknown";
