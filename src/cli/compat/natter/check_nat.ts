import { openDeadline } from "../../../core/deadline.ts";
import { type Endpoint, type HostPort, isSameEndpoint } from "../../../core/endpoint.ts";
import { errorMessage } from "../../../core/errors.ts";
import type { Protocol } from "../../../core/mapping.ts";
import type { StreamConnection, StreamHandlers } from "../../../core/net.ts";
import type { Platform } from "../../../core/platform.ts";
import { FilteringMemory } from "../../../daemon/filtering_memory.ts";
import { requestBinding } from "../../../stun/request_binding.ts";
import { type StunServer, StunServerList } from "../../../stun/server_list.ts";
import { classifyNat, type NatCheck } from "./nat_check.ts";
import { ownAddressTowards } from "./own_address.ts";

/** Options for {@linkcode checkUdpNat} and {@linkcode checkTcpNat}. */
export interface CheckNatOptions {
  readonly platform: Platform;
  /** STUN servers of the transport. */
  readonly servers: readonly HostPort[];
  /** Local address; `undefined`: the one the system would use towards the internet. */
  readonly address?: string | undefined;
  /** Local port; 0 takes any. @default {0} */
  readonly port?: number | undefined;
  readonly signal: AbortSignal;
}

/** Options for {@linkcode checkTcpNat}. */
export interface CheckTcpNatOptions extends CheckNatOptions {
  /** Hosts for the connection that holds the mapping while strangers knock; the first that answers is used. */
  readonly keepAliveHosts: readonly HostPort[];
}

/** All of the STUN servers together, so that an offline host need not wait for every one of them. */
const SERVERS_LIMIT_MS = 10_000;
const SERVER_LIMIT_MS = 3_000;
/** natter-check's: two endpoints over UDP, three over TCP. */
const NEEDED: Readonly<Record<Protocol, number>> = { udp: 2, tcp: 3 };
const KNOCK_LIMIT_MS = 3_000;
const KNOCK_BYTES = 16;

/**
 * Finds out what kind of NAT there is for UDP: one port asks two STUN servers, a fresh one is knocked at by
 * strangers (RFC 5780). Takes 15 s at the most; "unknown" rather than fail.
 *
 * @throws {Error} With the kernel's `code` if the port cannot be bound.
 * @throws `signal.reason` if aborted.
 */
export async function checkUdpNat(options: CheckNatOptions): Promise<NatCheck> {
  const { platform, servers, port = 0, signal } = options;
  const address = options.address ?? await ownAddressTowards(servers, { platform });
  if (address === undefined) return noRoute;
  using holder = await platform.net.openDatagram({
    local: { address, port },
    reusePort: true,
    onDatagram: () => {},
  });
  const internal = holder.local;
  const filtering = new FilteringMemory({ family: 4, servers, platform });
  const [seen, verdict] = await Promise.all([
    askServers({ ...options, protocol: "udp", internal }),
    filtering.probe(address, signal),
  ]);
  signal.throwIfAborted();
  return classifyNat({
    ...{ protocol: "udp", internal, seen, needed: NEEDED.udp },
    filtering: verdict.filtering === "none" ? "unknown" : verdict.filtering,
    filteringReason: verdict.reason,
  });
}

/**
 * Finds out what kind of NAT there is for TCP: one port asks three STUN servers, and while a connection to a
 * keep-alive host holds the mapping, this host knocks at the external endpoint. Nobody outside is asked to knock, so
 * a NAT without hairpinning leaves it "unknown" whether strangers get in.
 *
 * @throws {Error} With the kernel's `code` if the port cannot be bound.
 * @throws `signal.reason` if aborted.
 */
export async function checkTcpNat(options: CheckTcpNatOptions): Promise<NatCheck> {
  const { platform, servers, port = 0, signal } = options;
  const address = options.address ?? await ownAddressTowards(servers, { platform });
  if (address === undefined) return noRoute;
  await using stack = new AsyncDisposableStack();
  const held = stack.use(await platform.net.reservePort({ local: { address, port }, reusePort: true }));
  const internal = held.local;
  const token = platform.random.bytes(KNOCK_BYTES);
  const knocked = Promise.withResolvers<void>();
  const guests = new Set<StreamConnection>();
  stack.defer(() => guests.forEach((guest) => guest.abort()));
  stack.use(
    await platform.net.listenStream({
      local: internal,
      reusePort: true,
      onConnection: (connection): StreamHandlers => {
        guests.add(connection);
        return expectKnock(connection, token, knocked.resolve);
      },
    }),
  );
  const anchor = await openAnchor(options, internal);
  if (anchor !== undefined) stack.use(anchor);
  const seen = await askServers({ ...options, protocol: "tcp", internal });
  const [external] = seen;
  const isSame = external !== undefined && seen.every((other) => isSameEndpoint(other, external));
  const gotIn = isSame &&
    await knock({ platform, external, from: address, token, signal, knocked: knocked.promise });
  signal.throwIfAborted();
  return classifyNat({
    ...{ protocol: "tcp", internal, seen, needed: NEEDED.tcp },
    filtering: gotIn ? "endpoint-independent" : "unknown",
    filteringReason: "no hairpinning, and nobody outside was asked to knock",
  });
}

const noRoute: NatCheck = { type: "unknown", mapping: "unknown", reason: "no route to the internet" };

interface AskOptions extends CheckNatOptions {
  readonly protocol: Protocol;
  readonly internal: Endpoint;
}

/** What servers at different addresses see; as many as are needed, fewer if no more answer in time. */
async function askServers(options: AskOptions): Promise<readonly Endpoint[]> {
  const { platform, protocol, servers, signal } = options;
  const list = new StunServerList({ specs: servers, family: 4, platform });
  const asked: StunServer[] = [];
  const seen: Endpoint[] = [];
  using deadline = openDeadline(SERVERS_LIMIT_MS, { clock: platform.clock, signal });
  try {
    while (seen.length < NEEDED[protocol]) {
      const batch = await list.take(NEEDED[protocol] - seen.length, {
        exclude: asked,
        signal: deadline.signal,
      });
      if (batch.length === 0) break;
      const addresses = new Set(asked.map(({ endpoint }) => endpoint.address));
      asked.push(...batch);
      // The same server twice, under two names, is one opinion.
      const fresh = new Map(
        batch.filter(({ endpoint }) => !addresses.has(endpoint.address)).map((
          one,
        ) => [one.endpoint.address, one]),
      );
      const answers = await Promise.all(
        [...fresh.values()].map(({ endpoint }) => ask(endpoint, options, deadline.signal)),
      );
      seen.push(...answers.filter((answer) => answer !== undefined));
    }
  } catch (error) {
    if (signal.aborted || error !== deadline.signal.reason) throw error;
  }
  return seen;
}

async function ask(
  server: Endpoint,
  options: AskOptions,
  signal: AbortSignal,
): Promise<Endpoint | undefined> {
  const { platform, protocol, internal } = options;
  try {
    const { reflexive } = await requestBinding({
      ...{ platform, protocol, server, local: internal, reusePort: true, timeoutMs: SERVER_LIMIT_MS, signal },
    });
    return reflexive;
  } catch (error) {
    if (options.signal.aborted) throw error;
    platform.log.debug("STUN server does not answer", { server, reason: errorMessage(error) });
    return undefined;
  }
}

/** A connection that holds the mapping; `undefined` if no host takes one. */
async function openAnchor(
  options: CheckTcpNatOptions,
  local: Endpoint,
): Promise<StreamConnection | undefined> {
  const { platform: { net, clock, log }, keepAliveHosts, signal } = options;
  using deadline = openDeadline(SERVERS_LIMIT_MS, { clock, signal });
  for (const { host, port } of keepAliveHosts) {
    if (deadline.signal.aborted) break;
    using limit = openDeadline(SERVER_LIMIT_MS, { clock, signal: deadline.signal });
    try {
      const [address] = await net.resolve(host, 4, limit.signal);
      if (address === undefined) continue;
      return await net.connectStream({
        ...{ local, remote: { address, port }, reusePort: true, signal: limit.signal },
        onData: () => {},
        onEnd: () => {},
      });
    } catch (error) {
      log.debug("Keep-alive host cannot be reached", { host, reason: errorMessage(error) });
    }
  }
  signal.throwIfAborted();
  return undefined;
}

/** Any stranger may connect meanwhile; only who brings the token is the one who knocked. */
function expectKnock(connection: StreamConnection, token: Uint8Array, onKnock: () => void): StreamHandlers {
  let at = 0;
  return {
    onData: (data): void => {
      for (const byte of data) {
        if (byte !== token[at]) return connection.abort();
        if (++at === token.length) {
          onKnock();
          return connection.abort();
        }
      }
    },
    onEnd: () => connection.abort(),
  };
}

interface KnockOptions {
  readonly platform: Platform;
  readonly external: Endpoint;
  /** Our address; the port is another one. */
  readonly from: string;
  readonly token: Uint8Array;
  readonly knocked: Promise<void>;
  readonly signal: AbortSignal;
}

/** Whether a connection to the external endpoint arrived. */
async function knock(options: KnockOptions): Promise<boolean> {
  const { platform: { net, clock, log }, external, from, token, knocked, signal } = options;
  using deadline = openDeadline(KNOCK_LIMIT_MS, { clock, signal });
  const over = Promise.withResolvers<"silent">();
  const giveUp = (): void => over.resolve("silent");
  deadline.signal.addEventListener("abort", giveUp, { once: true });
  try {
    using connection = await net.connectStream({
      ...{ local: { address: from, port: 0 }, remote: external, signal: deadline.signal },
      onData: () => {},
      onEnd: giveUp,
    });
    connection.write(token);
    return await Promise.race([knocked, over.promise]) !== "silent";
  } catch (error) {
    log.debug("Cannot come in through the external endpoint", { reason: errorMessage(error) });
    return false;
  }
}
