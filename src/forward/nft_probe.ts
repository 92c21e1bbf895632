import {
  addressBytes,
  canonicalAddress,
  type Endpoint,
  type Family,
  familyOf,
  formatAddress,
  parsePort,
} from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Net } from "../core/net.ts";
import { isUnspecified } from "./nft_expr.ts";
import type { NftListed } from "./nft_json.ts";
import type { HostAddress, MasqueradeChoice, WayFacts } from "./nft_way.ts";

/** What of this host can be looked at. */
export interface HostView {
  /** A small file's text; `undefined` if it is not there or not for us. */
  readText(path: string): Promise<string | undefined>;
  addresses(): readonly HostAddress[];
}

/** The machine. */
export const hostView: HostView = {
  // Kernels leave parts of /proc out; what is not there is simply not known.
  readText: (path) => Deno.readTextFile(path).catch(() => undefined),
  addresses: () =>
    Deno.networkInterfaces().flatMap(({ name, address, cidr }) => {
      const canonical = canonicalAddress(address);
      const prefixBits = Number((cidr ?? "").split("/")[1] ?? NaN);
      if (canonical === undefined || Number.isNaN(prefixBits)) return [];
      return [{ device: name, address: canonical, prefixBits }];
    }),
};

/** What {@linkcode gatherFacts} needs. */
export interface GatherOptions {
  readonly net: Net;
  readonly host: HostView;
  readonly internal: Endpoint;
  readonly protocol: Protocol;
  readonly masquerade: MasqueradeChoice;
}

/** Looks at what the way to a target depends on. */
export async function gatherFacts(target: Endpoint, options: GatherOptions): Promise<WayFacts> {
  const { net, host, internal, protocol, masquerade } = options;
  const addresses = host.addresses();
  const family = familyOf(target.address);
  const uplink = addresses.find(({ address }) => address === internal.address)?.device;
  const isOn = async (path: string): Promise<boolean> => (await host.readText(path))?.trim() === "1";
  const forwarding = family === 4 ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding";
  const localnet = ["all", ...(uplink === undefined ? [] : [uplink])];
  const [source, isForwardingOn, routes, listeners] = await Promise.all([
    net.localAddressTowards(target).catch(() => undefined),
    isOn(`/proc/sys/net/${forwarding}`),
    Promise.all(localnet.map((name) => isOn(`/proc/sys/net/ipv4/conf/${name}/route_localnet`))),
    Promise.all([protocol, `${protocol}6`].map((name) => host.readText(`/proc/net/${name}`))),
  ]);
  return {
    internal,
    addresses,
    source,
    isForwardingOn,
    routesLoopback: routes.some((isSet) => isSet),
    listeners: listeners.flatMap((text) => parseSockets(text ?? "")),
    masquerade,
  };
}

/** State column of /proc/net/tcp and /proc/net/udp: TCP_LISTEN, and TCP_CLOSE, which unconnected UDP is in. */
const TAKING_STATES = new Set(["0A", "07"]);

/** Endpoints that listen or take datagrams, from the text of /proc/net/{tcp,udp}{,6}. */
export function parseSockets(text: string): readonly Endpoint[] {
  return text.split("\n").flatMap((line) => {
    const [, local = "", , state = ""] = line.trim().split(/\s+/);
    const match = /^((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4})$/.exec(local);
    if (match === null || !TAKING_STATES.has(state)) return [];
    const [, hex = "", port = ""] = match;
    if (hex.length !== 8 && hex.length !== 32) return [];
    return [{ address: formatAddress(wordBytes(hex)), port: parseInt(port, 16) }];
  });
}

/** The kernel prints each 32-bit word as a number; both our architectures are little-endian. */
function wordBytes(hex: string): Uint8Array {
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  for (let i = 0; i < bytes.length; i += 4) bytes.subarray(i, i + 4).reverse();
  return bytes;
}

/** TCP states of connections that are over or never stood. */
const ENDED_STATES = new Set(["TIME_WAIT", "CLOSE", "LAST_ACK", "CLOSE_WAIT", "FIN_WAIT", "NONE"]);

/**
 * Flows that entered at an endpoint and are still known, from the text of /proc/net/nf_conntrack.
 *
 * @param from The first direction's destination; an unspecified address matches each.
 */
export function countFlows(text: string, at: Endpoint, protocol: Protocol): number {
  const family: Family = familyOf(at.address);
  const isAny = isUnspecified(at.address);
  const prefix = family === 6 ? "ipv6" : "ipv4";
  let flows = 0;
  for (const line of text.split("\n")) {
    const columns = line.split(/\s+/);
    if (columns[0] !== prefix || columns[2] !== protocol) continue;
    if (protocol === "tcp" && ENDED_STATES.has(columns[5] ?? "")) continue;
    // The first of each is the client's direction, the second the answers'.
    if (parsePort(firstValue(columns, "dport=")) !== at.port) continue;
    const destination = addressBytes(firstValue(columns, "dst="));
    if (destination !== undefined && (isAny || formatAddress(destination) === at.address)) flows++;
  }
  return flows;
}

function firstValue(columns: readonly string[], key: string): string {
  return columns.find((column) => column.startsWith(key))?.slice(key.length) ?? "";
}

/** Base chains of others that drop what they do not know, at a hook. Ours cannot overrule them. */
export function droppingChains(listed: readonly NftListed[], hook: "forward" | "input"): readonly string[] {
  return listed
    .filter((one) => one.kind === "chain" && one.hook === hook && one.policy === "drop")
    .map(({ family, table, name }) => `${family} ${table} ${name}`);
}
