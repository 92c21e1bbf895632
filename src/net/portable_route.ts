import { addressBytes, canonicalAddress, type Endpoint, formatEndpoint } from "../core/endpoint.ts";

/** An address of this host. */
export type HostAddress = Pick<Deno.NetworkInterfaceInfo, "address" | "netmask" | "name">;

/** No address of this host leads to a remote. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  /** As the kernel's own. */
  readonly code = "ENETUNREACH";

  constructor(remote: Endpoint) {
    super(`Cannot find the address towards ${formatEndpoint(remote)}: no interface has one of its family`);
  }
}

/**
 * Guesses the address the system would send from, where the routing table cannot be asked: one in the remote's
 * own network, else the first that is neither loopback nor link-local.
 *
 * @throws {UnreachableError} If there is none.
 */
export function guessLocalAddress(remote: Endpoint, addresses: readonly HostAddress[]): string {
  const target = addressBytes(remote.address) ?? new Uint8Array();
  const usable = addresses.flatMap((it) => {
    const bytes = addressBytes(it.address);
    return bytes?.length === target.length ? [{ ...it, bytes }] : [];
  });
  const near = usable.find((it) => isInNetwork(target, it.bytes, addressBytes(it.netmask)));
  const found = near ?? usable.find((it) => !isLocalOnly(it.bytes));
  const address = found && canonicalAddress(found.address);
  if (address === undefined) throw new UnreachableError(remote);
  return address;
}

function isInNetwork(target: Uint8Array, own: Uint8Array, mask: Uint8Array | undefined): boolean {
  return mask?.length === own.length &&
    mask.every((bits, i) => ((target[i] ?? 0) & bits) === ((own[i] ?? 0) & bits));
}

/** 127.0.0.0/8, 169.254.0.0/16, ::1, fe80::/10. */
function isLocalOnly(bytes: Uint8Array): boolean {
  if (bytes.length === 4) return bytes[0] === 127 || (bytes[0] === 169 && bytes[1] === 254);
  const isLoopback = bytes.subarray(0, 15).every((byte) => byte === 0) && bytes[15] === 1;
  return isLoopback || (bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80);
}
