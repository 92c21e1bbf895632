import { unspecifiedAddress } from "../core/endpoint.ts";
import type { Net } from "../core/net.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";

/**
 * Makes sure that the local address, the interface and the mark the user named can be used, by a socket that is
 * closed at once. A keeper would wait for an address that may come back; at the start it is a mistake.
 *
 * @throws {Error} With the kernel's code: EADDRNOTAVAIL, ENODEV, EPERM, …
 */
export async function checkUplink(
  plan: Pick<TunnelPlan, "bindAddress" | "device" | "mark" | "family">,
  net: Net,
): Promise<void> {
  const { bindAddress, device, mark, family } = plan;
  if (bindAddress === undefined && device === undefined && mark === undefined) return;
  const address = bindAddress ?? unspecifiedAddress(family);
  using _socket = await net.openDatagram({
    local: { address, port: 0 },
    device,
    mark,
    onDatagram: () => {},
  });
}
