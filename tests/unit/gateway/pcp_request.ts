import { formatAddress } from "../../../src/core/endpoint.ts";
import type { PcpRequest } from "../../../src/gateway/pcp_message.ts";

/** The server's side of RFC 6887, written apart from the client's. */
export function decodePcpRequest(data: Uint8Array): PcpRequest {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const client = formatAddress(data.subarray(8, 24));
  if (data[1] === 0) return { kind: "announce", client };
  return {
    kind: "map",
    client,
    lifetimeSeconds: view.getUint32(4),
    nonce: data.slice(24, 36),
    protocol: data[36] === 6 ? "tcp" : "udp",
    internalPort: view.getUint16(40),
    externalPort: view.getUint16(42),
    externalAddress: formatAddress(data.subarray(44, 60)),
  };
}
