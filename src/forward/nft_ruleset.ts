import { type Endpoint, familyOf, isSameEndpoint } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Cidr } from "./cidr.ts";
import {
  add,
  blocks,
  countOver,
  equal,
  flush,
  ipOf,
  isIn,
  isUnspecified,
  NFT_TABLE,
  notEqual,
  payload,
  plain,
  rule,
} from "./nft_expr.ts";
import type { NftListed, NftObject } from "./nft_json.ts";

/** How packets for a target leave; see nft_way.ts for the choice. */
export type TargetWay =
  | { readonly kind: "redirect"; readonly port: number }
  | {
    readonly kind: "dnat";
    readonly to: Endpoint;
    /** `same-link`: only for clients on the target's own link and this host, whom it would answer past us. */
    readonly masquerade: "always" | "same-link" | "never";
    /** Interface towards the target, for `same-link`. */
    readonly device?: string | undefined;
  };

/** Who may come in; counted by the kernel. */
export interface NftAccess {
  readonly allow: readonly Cidr[];
  readonly deny: readonly Cidr[];
  readonly perClient?: number | undefined;
  readonly perClientPerSecond?: number | undefined;
  readonly maxSessions?: number | undefined;
}

/** What the rules of one tunnel are made of. */
export interface NftTunnel {
  /** Its one handle: the names of its chains, sets and counters begin with it. `OWNER_tN`. */
  readonly id: string;
  /** Shown as a comment. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly internal: Endpoint;
  readonly external?: Endpoint | undefined;
  /** Only what comes in here. */
  readonly device?: string | undefined;
  /** Mark of the packets back to clients, for the choice of their route. */
  readonly mark?: number | undefined;
  /** Absent while the target is not known; then nothing is forwarded. */
  readonly way?: TargetWay | undefined;
  readonly access: NftAccess;
}

/** Names of a tunnel's counters. */
export type TunnelCounter = "bytes_in" | "bytes_out" | "opened" | "refused";
const COUNTERS: readonly TunnelCounter[] = ["bytes_in", "bytes_out", "opened", "refused"];

/** One before the usual (dstnat, -100): container engines and home-made rules have blanket rules there. */
const DNAT_PRIORITY = -101;
/** After conntrack (-200), before any NAT: addresses are still the client's and ours. */
const MANGLE_PRIORITY = -150;
const SNAT_PRIORITY = 100;

const BASE_CHAINS = [
  { suffix: "entry", type: "filter", hook: "prerouting", prio: MANGLE_PRIORITY },
  // `route`: a mark that is set here changes the way that a packet of this host takes.
  { suffix: "local", type: "route", hook: "output", prio: MANGLE_PRIORITY },
  { suffix: "dnat", type: "nat", hook: "prerouting", prio: DNAT_PRIORITY },
  { suffix: "hairpin", type: "nat", hook: "output", prio: DNAT_PRIORITY },
  { suffix: "snat", type: "nat", hook: "postrouting", prio: SNAT_PRIORITY },
] as const;

/** Clients remembered by a limit; more than this come in unlimited until some are forgotten. */
const LIMIT_ENTRIES = 65_535;
/** A client that was quiet for so long starts with a full allowance anyway. */
const RATE_MEMORY_SECONDS = 60;

/** Name of a tunnel's counter in the kernel. */
export function counterName(id: string, counter: TunnelCounter): string {
  return `${id}_${counter}`;
}

/** Tunnels whose counters are in a listing; what else they have came in the same transaction. */
export function installedTunnels(listed: readonly NftListed[]): ReadonlySet<string> {
  const suffix = counterName("", "opened");
  const names = listed.filter(({ kind, name }) => kind === "counter" && name.endsWith(suffix));
  return new Set(names.map(({ name }) => name.slice(0, -suffix.length)));
}

/** The owner in an object's name: `p<pid>_<8 hex digits>`; `undefined` if it is not one of ours. */
export function ownerOf(name: string): string | undefined {
  return /^(p\d+_[0-9a-f]{8})_/.exec(name)?.[1];
}

/**
 * The whole state of one owner as commands for one transaction: rules are replaced, counters and the memory of
 * limits stay; whoever emptied the ruleset meanwhile, afterwards everything is there.
 *
 * NAT rules see the first packet of a flow only. Answers to what the keeper sends from the internal port (STUN,
 * keep-alive) belong to flows that began outbound: conntrack delivers them to the keeper and no rule is asked.
 *
 * @param installed Tunnels that the kernel has already, see {@linkcode installedTunnels}.
 */
export function installCommands(
  owner: string,
  tunnels: readonly NftTunnel[],
  installed: ReadonlySet<string>,
): readonly NftObject[] {
  const chains = BASE_CHAINS.map(({ suffix, ...base }) => ({
    name: `${owner}_${suffix}`,
    ...base,
    policy: "accept",
  }));
  return [
    { add: { table: { family: NFT_TABLE.family, name: NFT_TABLE.table } } },
    ...chains.map((chain) => add("chain", chain)),
    ...chains.map(({ name }) => flush(name)),
    rule(`${owner}_entry`, [equal({ meta: { key: "iifname" } }, "lo"), { accept: null }]),
    ...tunnels.flatMap((tunnel) => [
      ...(installed.has(tunnel.id) ? [] : setCommands(tunnel)),
      ...tunnelObjects(tunnel.id),
      ...accessRules(tunnel),
      ...(tunnel.way === undefined
        ? []
        : [natRule(tunnel, tunnel.way), ...tunnelRules(owner, tunnel, tunnel.way)]),
    ]),
  ];
}

/** Commands that remove listed objects of our table: rules first, as they refer to the others. */
export function removeCommands(objects: readonly NftListed[]): readonly NftObject[] {
  const chains = objects.filter(({ kind }) => kind === "chain");
  const others = objects.filter(({ kind }) => kind !== "chain");
  return [
    ...chains.map(({ name }) => flush(name)),
    ...[...chains, ...others].map(({ kind, name }) => ({ delete: { [kind]: { ...NFT_TABLE, name } } })),
  ];
}

/** The command that removes the table with all that is in it. */
export function removeTableCommand(): NftObject {
  return { delete: { table: { family: NFT_TABLE.family, name: NFT_TABLE.table } } };
}

/**
 * Sets that hold what limits remember. nft gives them another flag once a rule fills them (`dynamic`, which its JSON
 * cannot ask for), so that adding them once more would be refused: the kernel takes them for other ones.
 */
function setCommands({ id, internal, access }: NftTunnel): NftObject[] {
  const addressType = familyOf(internal.address) === 6 ? "ipv6_addr" : "ipv4_addr";
  const perAddress = { type: addressType, size: LIMIT_ENTRIES };
  const sets = [
    access.perClientPerSecond !== undefined &&
    { name: `${id}_rate`, ...perAddress, flags: ["timeout"], timeout: RATE_MEMORY_SECONDS },
    access.perClient !== undefined && { name: `${id}_each`, ...perAddress },
    // One element: a set keeps its count while rules are replaced, a rule would not.
    access.maxSessions !== undefined && { name: `${id}_all`, type: "inet_proto", size: 1 },
  ];
  return sets.filter((set) => set !== false).map((set) => add("set", set));
}

function tunnelObjects(id: string): NftObject[] {
  return [
    ...COUNTERS.map((counter) => add("counter", { name: counterName(id, counter) })),
    ...["in", "nat"].flatMap((part) => [add("chain", { name: `${id}_${part}` }), flush(`${id}_${part}`)]),
  ];
}

/** Chain `in`: what clients send, before anything is translated. */
function accessRules({ id, internal, access }: NftTunnel): NftObject[] {
  const family = familyOf(internal.address);
  const client = payload(ipOf(family), "saddr");
  const refuse = [{ counter: counterName(id, "refused") }, { drop: null }];
  const isNew = isIn({ ct: { key: "state" } }, "new");
  const refusals: NftObject[][] = [];
  const deny = blocks(access.deny, family);
  if (deny.length > 0) refusals.push([equal(client, { set: deny })]);
  if (access.allow.length > 0) {
    const allow = blocks(access.allow, family);
    refusals.push(allow.length === 0 ? [] : [{ match: { op: "!=", left: client, right: { set: allow } } }]);
  }
  const { perClientPerSecond: rate, perClient, maxSessions } = access;
  if (rate !== undefined) {
    const limit = { rate, burst: rate, per: "second", inv: true };
    refusals.push([{ set: { op: "update", elem: client, set: `@${id}_rate`, stmt: [{ limit }] } }]);
  }
  if (perClient !== undefined) refusals.push([countOver(`@${id}_each`, client, { limit: perClient })]);
  if (maxSessions !== undefined) {
    refusals.push([countOver(`@${id}_all`, { meta: { key: "l4proto" } }, { limit: maxSessions })]);
  }
  return [
    ...refusals.map((conditions) => rule(`${id}_in`, [isNew, ...conditions, ...refuse])),
    rule(`${id}_in`, [{ counter: counterName(id, "bytes_in") }]),
  ];
}

function natRule({ id, name, protocol }: NftTunnel, way: TargetWay): NftObject {
  const isProtocol = equal({ meta: { key: "l4proto" } }, protocol);
  const action = way.kind === "redirect" ? { redirect: { port: way.port } } : {
    dnat: { family: ipOf(familyOf(way.to.address)), addr: plain(way.to.address), port: way.to.port },
  };
  const comment = name.replace(/[^\w .:-]/g, "_").slice(0, 60);
  return rule(`${id}_nat`, [isProtocol, { counter: counterName(id, "opened") }, action], { comment });
}

/** The tunnel's rules in the base chains. */
function tunnelRules(owner: string, tunnel: NftTunnel, way: TargetWay): NftObject[] {
  const { id, internal, external, device, mark } = tunnel;
  const enter = (chain: string, conditions: NftObject[], into: "in" | "nat"): NftObject =>
    rule(`${owner}_${chain}`, [...conditions, { jump: { target: `${id}_${into}` } }]);
  const isOriginal = equal({ ct: { key: "direction" } }, "original");
  const isFromDevice = device === undefined ? [] : [equal({ meta: { key: "iifname" } }, device)];
  const replyActions: NftObject[] = [{ counter: counterName(id, "bytes_out") }];
  if (mark !== undefined) replyActions.push({ mangle: { key: { meta: { key: "mark" } }, value: mark } });
  const reply = (chain: string, at: Endpoint): NftObject =>
    rule(`${owner}_${chain}`, [
      equal({ ct: { key: "direction" } }, "reply"),
      ...isOf(tunnel, at),
      ...replyActions,
    ]);

  const rules = [
    enter("entry", [...isFromDevice, isOriginal, ...isTo(tunnel, internal)], "in"),
    enter("dnat", [...isFromDevice, ...isTo(tunnel, internal)], "nat"),
    reply("entry", internal),
    reply("local", internal),
    ...masqueradeRules(owner, tunnel, { at: internal, way }),
  ];
  // A socket bound to a device would not hear this host either.
  if (device === undefined) {
    rules.push(enter("local", [isOriginal, ...isTo(tunnel, internal)], "in"));
    rules.push(enter("hairpin", isTo(tunnel, internal), "nat"));
  }
  if (external === undefined || isSameEndpoint(internal, external)) return rules;
  // Clients behind us that use the public endpoint. Not for this host itself (no rule in `hairpin`): the self-check
  // has to go out to the NAT and come back, or it would claim what nobody saw. Not through `device`: that is outside.
  const isInside = device === undefined ? [] : [notEqual({ meta: { key: "iifname" } }, device)];
  return [
    ...rules,
    enter("entry", [...isInside, isOriginal, ...isTo(tunnel, external)], "in"),
    enter("dnat", [...isInside, ...isTo(tunnel, external)], "nat"),
    reply("entry", external),
    reply("local", external),
    ...masqueradeRules(owner, tunnel, { at: external, way }),
  ];
}

function masqueradeRules(
  owner: string,
  tunnel: NftTunnel,
  { at, way }: { readonly at: Endpoint; readonly way: TargetWay },
): NftObject[] {
  if (way.kind === "redirect" || way.masquerade === "never") return [];
  const chain = `${owner}_snat`;
  const masquerade = (conditions: NftObject[]): NftObject =>
    rule(chain, [...isOf(tunnel, at), ...conditions, { masquerade: null }]);
  if (way.masquerade === "always") return [masquerade([])];
  const own = isUnspecified(tunnel.internal.address)
    ? equal({ fib: { result: "type", flags: ["saddr"] } }, "local")
    : equal(payload(ipOf(familyOf(at.address)), "saddr"), plain(tunnel.internal.address));
  const sameLink = way.device === undefined ? [] : [
    masquerade([
      equal({ meta: { key: "iifname" } }, way.device),
      equal({ meta: { key: "oifname" } }, way.device),
    ]),
  ];
  return [masquerade([own]), ...sameLink];
}

/** Packets as a client sends them. */
function isTo({ protocol }: NftTunnel, at: Endpoint): NftObject[] {
  const family = familyOf(at.address);
  const isHere = isUnspecified(at.address)
    ? [
      equal({ meta: { key: "nfproto" } }, family === 6 ? "ipv6" : "ipv4"),
      equal({ fib: { result: "type", flags: ["daddr"] } }, "local"),
    ]
    : [equal(payload(ipOf(family), "daddr"), plain(at.address))];
  return [...isHere, equal(payload(protocol, "dport"), at.port)];
}

/** Packets of flows that were translated, in both directions, whatever their addresses are by now. */
function isOf({ protocol }: NftTunnel, at: Endpoint): NftObject[] {
  const family = familyOf(at.address);
  const destination = isUnspecified(at.address)
    ? equal({ meta: { key: "nfproto" } }, family === 6 ? "ipv6" : "ipv4")
    : equal({ ct: { key: `${ipOf(family)} daddr`, dir: "original" } }, plain(at.address));
  return [
    isIn({ ct: { key: "status" } }, "dnat"),
    destination,
    equal({ meta: { key: "l4proto" } }, protocol),
    equal({ ct: { key: "proto-dst", dir: "original" } }, at.port),
  ];
}
