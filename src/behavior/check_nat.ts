import { scopeOf } from "../core/address_scope.ts";
import { openDeadline } from "../core/deadline.ts";
import { type Family, familyOf, type HostPort } from "../core/endpoint.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import { type StunServer, StunServerList } from "../stun/server_list.ts";
import type { CheckNatOptions, CheckStep } from "./check_options.ts";
import { checkTransport, nothingSeen, stepsOf } from "./check_transport.ts";
import { compareAddresses } from "./compare_addresses.ts";
import { CountingNet } from "./counting_net.ts";
import type { TransportFacts } from "./facts.ts";
import { judgeTransport } from "./judge_transport.ts";
import type { NatReport } from "./nat_report.ts";
import { type Reason, reason } from "./reason.ts";

const NAMES_LATE = "their names do not resolve in time";
/** Servers whose addresses are tried to find the way out. */
const ROUTES_MAX = 3;

/**
 * Finds out how the NAT in front of this host behaves (RFC 4787, RFC 5780), over UDP and TCP at once. About 60 packets
 * in all, and few seconds where servers answer.
 *
 * Never rejects because of the network: what could not be seen is `unknown`, with its reason. A port that cannot be
 * bound is told by `bindError` of that transport.
 *
 * @throws {RangeError} If the port or the deadline makes no sense.
 * @throws {TypeError} If the local address is none, or of the other IP version.
 * @throws `signal.reason`, unchanged, if aborted; everything is closed by then.
 */
export async function checkNat(options: CheckNatOptions): Promise<NatReport> {
  const { family = 4, protocols = ["udp", "tcp"], port = 0, deadlineMs = 10_000, signal } = options;
  requireSense({ ...options, family, port, deadlineMs });
  signal?.throwIfAborted();
  const net = new CountingNet(options.platform.net);
  const platform: Platform = { ...options.platform, net };
  const { clock } = platform;
  const at = clock.date();
  const sinceMs = clock.now();
  using deadline = openDeadline(deadlineMs, { clock, signal });
  const lists = new Map(protocols.map((protocol) => [
    protocol,
    new StunServerList({ specs: options.servers[protocol], family, platform }),
  ]));
  const local = await findLocalAddress([...lists.values()], { ...options, platform, limit: deadline.signal });
  signal?.throwIfAborted();
  const ended = progressOf(protocols, options);
  const facts = await Promise.all([...lists].map(async ([protocol, servers]): Promise<TransportFacts> => {
    if (typeof local !== "string") {
      const isTimeUp = deadline.signal.aborted;
      return { ...nothingSeen, protocol, family, evidence: [], obstacle: local, isTimeUp };
    }
    return await checkTransport({
      ...{ platform, protocol, family, servers, port, address: local, limit: deadline.signal },
      ...{ device: options.device, mark: options.mark, outsideProbe: options.outsideProbe },
      ended: (step) => ended(protocol, step),
    });
  }));
  signal?.throwIfAborted();
  const reports = compareAddresses(facts.map((one) => judgeTransport(one)));
  return {
    family,
    local: typeof local === "string" ? { address: local, scope: scopeOf(local) } : {},
    udp: reports.find(({ protocol }) => protocol === "udp"),
    tcp: reports.find(({ protocol }) => protocol === "tcp"),
    at,
    elapsedMs: clock.now() - sinceMs,
    sends: net.sends,
  };
}

interface Sense extends Pick<CheckNatOptions, "localAddress"> {
  readonly family: Family;
  readonly port: number;
  readonly deadlineMs: number;
}

function requireSense({ family, port, deadlineMs, localAddress }: Sense): void {
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError(`Cannot check the NAT of port ${port}: not 0 to 65535`);
  }
  if (!(deadlineMs > 0)) throw new RangeError(`Cannot check the NAT within ${deadlineMs} ms: not positive`);
  if (localAddress === undefined) return;
  // Throws if it is no address at all.
  scopeOf(localAddress);
  if (familyOf(localAddress) !== family) {
    throw new TypeError(`Cannot check the NAT from ${localAddress}: not an IPv${family} address`);
  }
}

/** The address that the system would use towards the servers, or why there is none. */
async function findLocalAddress(
  lists: readonly StunServerList[],
  options: CheckNatOptions & { readonly limit: AbortSignal },
): Promise<string | Reason> {
  const { platform, localAddress, device, mark, limit } = options;
  if (localAddress !== undefined) return localAddress;
  let lastError: string | undefined;
  let hasServer = false;
  const onUnresolved = (_: HostPort, error: unknown): void => void (lastError = errorMessage(error));
  for (const list of lists) {
    const exclude: StunServer[] = [];
    while (exclude.length < ROUTES_MAX) {
      try {
        const [server] = await list.take(1, { exclude, signal: limit, onUnresolved });
        if (server === undefined) break;
        hasServer = true;
        exclude.push(server);
        return await platform.net.localAddressTowards(server.endpoint, { device, mark });
      } catch (error) {
        // Resolvers take half a minute to say that nobody answers them.
        if (limit.aborted) return hasServer ? reason("time-up") : reason("no-server", NAMES_LATE);
        lastError = errorMessage(error);
        if (errorCode(error) === undefined) throw error;
      }
    }
  }
  return reason(hasServer ? "no-route" : "no-server", lastError);
}

function progressOf(
  protocols: readonly Protocol[],
  options: CheckNatOptions,
): (protocol: Protocol, step: CheckStep) => void {
  const { onProgress, outsideProbe } = options;
  const hasOutside = outsideProbe !== undefined;
  const total = protocols.reduce((sum, protocol) => sum + stepsOf(protocol, { hasOutside }).length, 0);
  let done = 0;
  return (protocol, step) => onProgress?.({ protocol, step, done: ++done, total });
}
