import { scopeOf } from "../core/address_scope.ts";
import { openDeadline } from "../core/deadline.ts";
import { type Endpoint, type Family, formatEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { ProbeContext } from "./probe_context.ts";

/** Endpoints that nobody has: TEST-NET-1 (RFC 5737) and the discard prefix (RFC 6666), port 9 (RFC 863). */
const NOBODY: Readonly<Record<Family, Endpoint>> = {
  4: { address: "192.0.2.9", port: 9 },
  6: { address: "100::9", port: 9 },
};

/** A proxy on the way takes a connection at once; from nobody there is nothing to wait for. */
const LIMIT_MS = 1000;

/**
 * Tries to connect to an address that nobody has. Only a transparent proxy takes such a connection.
 *
 * @returns The endpoint if the connection was taken.
 * @throws `signal.reason` if aborted.
 */
export async function connectToNobody(
  context: ProbeContext,
  signal: AbortSignal,
): Promise<Endpoint | undefined> {
  const { platform: { net, clock }, family, address, device, mark } = context;
  // From there nothing leaves the machine.
  if (scopeOf(address) === "loopback") return undefined;
  const remote = NOBODY[family];
  const note = { purpose: "proxy", asked: remote } as const;
  using limit = openDeadline(LIMIT_MS, { clock, signal });
  try {
    using connection = await net.connectStream({
      ...{ local: { address, port: 0 }, remote, device, mark, signal: limit.signal },
      onData: () => {},
      onEnd: () => {},
    });
    const taken = `${formatEndpoint(remote)} took a connection`;
    context.note({ ...note, local: connection.local, outcome: "answered", note: taken });
    return remote;
  } catch (error) {
    signal.throwIfAborted();
    context.note({ ...note, outcome: "silent", note: errorMessage(error) });
    return undefined;
  }
}
