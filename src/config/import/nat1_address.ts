import { type Endpoint, parsePort } from "../../core/endpoint.ts";
import { expandIpv4 } from "./short_ipv4.ts";

/** What stands in for what an address of nat1_traversal leaves out. */
export const NAT1_ADDRESSES: Readonly<Record<"local" | "remote", Endpoint>> = {
  local: { address: "0.0.0.0", port: 25565 },
  remote: { address: "127.0.0.1", port: 25565 },
};

/** What came of an address. */
export type Nat1AddressReading =
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint }
  /** Absent or blank. */
  | { readonly kind: "none" }
  /** In nat1_traversal's words. */
  | { readonly kind: "fault"; readonly message: string };

/**
 * Reads `[IP]:[PORT]`, `IP` (it has a dot) or `PORT` as nat1_traversal does: IPv4 only, short forms such as `127.1`
 * are fine.
 *
 * @param usual Stands in for what is left out.
 */
export function readNat1Address(text: string | undefined, usual: Endpoint): Nat1AddressReading {
  const trimmed = text?.trim() ?? "";
  if (trimmed === "") return { kind: "none" };
  const parts = trimmed.split(":").map((part) => part.trim());
  if (parts.length > 2) return fault("地址格式错误，仅能有一个分隔符");
  const [first = "", second] = parts;
  const [ip, portText] = second !== undefined
    ? [first, second]
    : first.includes(".")
    ? [first, ""]
    : ["", first];
  const address = ip === "" ? usual.address : expandIpv4(ip);
  if (address === undefined) return fault("IP格式错误");
  if (portText === "") return { kind: "endpoint", endpoint: { address, port: usual.port } };
  if (!/^[+-]?\d+$/.test(portText)) return fault("端口不是数字");
  const port = parsePort(portText.replace(/^\+?0*(?=\d)/, ""));
  return port === undefined
    ? fault("端口应该在0-65535之间")
    : { kind: "endpoint", endpoint: { address, port } };
}

function fault(message: string): Nat1AddressReading {
  return { kind: "fault", message };
}
