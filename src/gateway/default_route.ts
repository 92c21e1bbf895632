import { canonicalAddress, formatAddress } from "../core/endpoint.ts";

/** A default route of this host. */
export interface DefaultRoute {
  /** Name of the interface. */
  readonly device: string;
  /** The gateway's canonical address; a link-local one has the interface as its zone. */
  readonly gateway: string;
  /** The route with the least one is used. */
  readonly metric: number;
}

/** RTF_UP | RTF_GATEWAY of linux/route.h. */
const UP_BY_GATEWAY = 0x3;
/** RTF_REJECT: what it matches is unreachable. */
const REJECT = 0x200;

/**
 * Default routes in the text of /proc/net/route (IPv4, the main table), the best one first. Never throws; lines that
 * are none are skipped. Addresses there are numbers of the machine's byte order, which is little-endian wherever we run.
 */
export function readRoutes4(text: string): readonly DefaultRoute[] {
  return sorted(
    text.split("\n").flatMap((line): readonly DefaultRoute[] => {
      const [device, destination, gateway, flags, , , metric, mask] = line.trim().split(/\s+/);
      if (device === undefined || gateway === undefined || !/^[\da-f]{8}$/i.test(gateway)) return [];
      if (destination !== "00000000" || mask !== "00000000" || !isUsable(flags)) return [];
      const bytes = Uint8Array.fromHex(gateway).reverse();
      return [{ device, gateway: formatAddress(bytes), metric: Number(metric) || 0 }];
    }),
  );
}

/** The same of /proc/net/ipv6_route, where numbers are hexadecimal and addresses in network order. */
export function readRoutes6(text: string): readonly DefaultRoute[] {
  return sorted(
    text.split("\n").flatMap((line): readonly DefaultRoute[] => {
      const fields = line.trim().split(/\s+/);
      const [destination, bits, , , gateway = "", metric = "", , , flags] = fields;
      const device = fields.at(9);
      if (device === undefined || !/^0{32}$/.test(destination ?? "") || bits !== "00") return [];
      if (!/^[\da-f]{32}$/i.test(gateway) || !isUsable(flags)) return [];
      const address = formatAddress(Uint8Array.fromHex(gateway));
      const zone = address.startsWith("fe80:") ? `%${device}` : "";
      const canonical = canonicalAddress(address + zone);
      return canonical === undefined
        ? []
        : [{ device, gateway: canonical, metric: parseInt(metric, 16) || 0 }];
    }),
  );
}

function isUsable(flags: string | undefined): boolean {
  const value = parseInt(flags ?? "", 16);
  return (value & UP_BY_GATEWAY) === UP_BY_GATEWAY && (value & REJECT) === 0;
}

function sorted(routes: readonly DefaultRoute[]): readonly DefaultRoute[] {
  return routes.toSorted((a, b) => a.metric - b.metric);
}
