import { interfaceIndex, interfaceName, type SocketAddress } from "../../ffi/mod.ts";
import { addressBytes, type Endpoint, formatAddress } from "../core/endpoint.ts";

/**
 * An endpoint as the kernel wants it; a `%zone` (name or index) becomes its scope id.
 *
 * @throws {TypeError} If the address is none.
 * @throws {SystemError} ENODEV if the zone names no interface.
 */
export function socketAddressOf(endpoint: Endpoint): SocketAddress {
  const { address, port } = endpoint;
  const bytes = addressBytes(address);
  if (bytes === undefined) throw new TypeError(`Cannot use address "${address}": it is not an IP address`);
  const zone = address.includes("%") ? address.slice(address.indexOf("%") + 1) : "";
  if (zone === "") return { bytes, port, scopeId: 0 };
  return { bytes, port, scopeId: /^\d+$/.test(zone) ? Number(zone) : interfaceIndex(zone) };
}

/** An endpoint as people write it; a scope id becomes `%name`, or `%index` where the name is gone. */
export function endpointOf(address: SocketAddress): Endpoint {
  const { bytes, port, scopeId } = address;
  const text = formatAddress(bytes);
  if (scopeId === 0) return { address: text, port };
  return { address: `${text}%${interfaceName(scopeId) ?? scopeId}`, port };
}
