import { addressBytes, familyOf } from "../core/endpoint.ts";
import { readRoutes4, readRoutes6 } from "./default_route.ts";

/** What is known of the network around this host. */
export interface GatewaySurroundings {
  /**
   * The gateway of the default route for packets from `local`.
   *
   * @returns `undefined` where there is none, or the system (other than Linux) does not tell.
   */
  defaultGateway(local: string): Promise<string | undefined>;
  /** Whether an address is in a network that this host has an interface in. */
  isNear(address: string): boolean;
}

/** An address of this host, as `Deno.networkInterfaces()` gives it. */
export type InterfaceAddress = Pick<Deno.NetworkInterfaceInfo, "name" | "address" | "netmask">;

/** Where {@linkcode readSurroundings} reads. */
export interface SurroundingsSource {
  /** @returns `undefined` if there is no such file. */
  readonly readFile: (path: string) => Promise<string | undefined>;
  readonly interfaces: () => readonly InterfaceAddress[];
}

/** Reads the surroundings, anew each time they are asked for. */
export function readSurroundings({ readFile, interfaces }: SurroundingsSource): GatewaySurroundings {
  return {
    async defaultGateway(local): Promise<string | undefined> {
      const isIpv6 = familyOf(local) === 6;
      const text = await readFile(isIpv6 ? "/proc/net/ipv6_route" : "/proc/net/route") ?? "";
      const routes = isIpv6 ? readRoutes6(text) : readRoutes4(text);
      const device = interfaces().find(({ address }) => isSame(address, local))?.name;
      // A host with two lines has two default routes; the one of our own address counts. A tunnel's address has none by
      // a gateway, and the other line's router knows nothing of it.
      return routes.find((route) => device === undefined || route.device === device)?.gateway;
    },
    isNear(address): boolean {
      const target = addressBytes(address);
      return target !== undefined && interfaces().some((own) => isInNetwork(target, own));
    },
  };
}

/** This host's. */
export const systemSurroundings: GatewaySurroundings = readSurroundings({
  readFile: async (path) => {
    try {
      return await Deno.readTextFile(path);
    } catch {
      // No such file outside of Linux; without permission it is as good as missing: the user can name the router.
      return undefined;
    }
  },
  interfaces: () => Deno.networkInterfaces(),
});

function isSame(a: string, b: string): boolean {
  const [left, right] = [addressBytes(a), addressBytes(b)];
  return left !== undefined && left.length === right?.length && left.every((byte, i) => byte === right[i]);
}

function isInNetwork(target: Uint8Array, { address, netmask }: InterfaceAddress): boolean {
  const own = addressBytes(address);
  const mask = addressBytes(netmask);
  if (own?.length !== target.length || mask?.length !== target.length) return false;
  return mask.every((bits, i) => ((target[i] ?? 0) & bits) === ((own[i] ?? 0) & bits));
}
