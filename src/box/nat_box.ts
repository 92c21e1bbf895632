import { canonicalAddress, type Endpoint } from "../core/endpoint.ts";
import type { Platform } from "../core/platform.ts";
import { TaskGroup } from "../core/task_group.ts";
import type { Facade, RestartMode, SideOptions } from "./box_side.ts";
import { NAT_PROFILES, type NatBehaviors, type NatProfile } from "./nat_profile.ts";
import type { NatMapping } from "./nat_table.ts";
import { TcpSide } from "./tcp_side.ts";
import { UdpSide } from "./udp_side.ts";

/** Options for {@linkcode openNatBox}. */
export interface NatBoxOptions {
  readonly platform: Platform;
  /** A name people know, or the two behaviours of RFC 4787. */
  readonly profile: NatProfile | NatBehaviors;
  /** An idle mapping is forgotten after so many milliseconds. @default {undefined} (never) */
  readonly lifetimeMs?: number | undefined;
  /** The box's "public" address: a loopback address that nobody else uses. */
  readonly external: string;
  /** The outside world as far as the inside can reach it; TCP and UDP alike. */
  readonly facades: readonly Facade[];
  /** What becomes of connections whose mapping is gone. @default {"silent"} */
  readonly restartMode?: RestartMode | undefined;
  /** Whether the inside reaches itself by the external address (RFC 4787, section 6). @default {true} */
  readonly hairpins?: boolean | undefined;
}

/** A running box. Disposing resets every connection and closes every socket. */
export interface NatBox extends AsyncDisposable {
  /** The "public" address of the moment. */
  readonly externalAddress: string;
  /** The living mappings of one transport. */
  mappingsOf(protocol: "tcp" | "udp"): readonly NatMapping[];
  /** How many datagrams or connections from outside were not let in. */
  filteredCountOf(protocol: "tcp" | "udp"): number;
  /**
   * Forgets every mapping at once, as a NAT that lost power does. What the inside sends next gets new external
   * ports, never those it had.
   */
  restart(options?: { readonly externalAddress?: string | undefined }): void;
}

/**
 * Opens a NAT made of relays in user space: no root, no network, all on loopback addresses. Hosts on the inside
 * use any address of 127.64.0.0/10 and talk to facades, which stand for servers outside; what they send leaves
 * from a random, never preserved port of the external address. Strangers talk to that port and are seen inside
 * with their own address.
 *
 * Two things differ from a real NAT, because the kernel answers for the box: a filtered TCP connection is
 * refused or reset instead of dropped, and bytes sent into a forgotten connection are acknowledged until the
 * kernel's buffer is full. TCP needs a network of the capability `full`.
 *
 * @throws {RangeError} If the lifetime is not positive.
 * @throws {TypeError} If the external address is none.
 * @throws {Error} With the kernel's `code` if a facade cannot be bound.
 */
export async function openNatBox(options: NatBoxOptions): Promise<NatBox> {
  const { platform, profile, lifetimeMs, facades, restartMode = "silent", hairpins = true } = options;
  if (lifetimeMs !== undefined && !(lifetimeMs > 0)) {
    throw new RangeError(`Cannot open a NAT box: the lifetime ${lifetimeMs} ms is not positive`);
  }
  let externalAddress = checkedAddress(options.external);
  const sides: (TcpSide | UdpSide)[] = [];
  const isInside = (source: Endpoint): boolean =>
    sides.some((side) => side.mappings.some(({ internal }) => internal.address === source.address));
  await using stack = new AsyncDisposableStack();
  const tasks = stack.use(new TaskGroup());
  const shared: SideOptions = {
    platform,
    behaviors: typeof profile === "string" ? NAT_PROFILES[profile] : profile,
    lifetimeMs,
    facades,
    restartMode,
    getExternalAddress: () => externalAddress,
    isHairpinRefused: (source) => !hairpins && isInside(source),
    tasks,
  };
  const udp = stack.use(await UdpSide.open(shared));
  const tcp = stack.use(await TcpSide.open(shared));
  sides.push(udp, tcp);
  const owned = stack.move();
  return {
    get externalAddress(): string {
      return externalAddress;
    },
    mappingsOf: (protocol) => (protocol === "tcp" ? tcp : udp).mappings,
    filteredCountOf: (protocol) => (protocol === "tcp" ? tcp : udp).filteredCount,
    restart(change = {}): void {
      const next = change.externalAddress ?? externalAddress;
      externalAddress = checkedAddress(next);
      udp.restart();
      tcp.restart();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function checkedAddress(text: string): string {
  const address = canonicalAddress(text);
  if (address === undefined) {
    throw new TypeError(`Cannot open a NAT box on "${text}": not an IP address`);
  }
  return address;
}
