import { type GatewayUrl, readGatewayUrl } from "./gateway_url.ts";
import { childText, findElement, findElements, readXml } from "./xml_reader.ts";

/** A service of a device that opens ports. */
export interface IgdService {
  /** As the device spells it: calls have to name it so. */
  readonly type: string;
  /** WANIPConnection:2 knows more actions than :1. */
  readonly version: number;
  /** Where it is called. */
  readonly control: GatewayUrl;
}

const SERVICE_TYPE = /^urn:schemas-upnp-org:service:WAN(IP|PPP)Connection:([12])$/i;
/** A router has one for each of its lines. */
const MOST_SERVICES = 8;

/**
 * Finds the services that open ports in a device description (UPnP Device Architecture 1.1, section 2.3), the newest
 * version first. Those whose control URL points anywhere but to the router are left out.
 *
 * @param from Where the description came from.
 * @throws {XmlError} If it cannot be read.
 */
export function findIgdServices(
  document: string,
  { router, from }: { readonly router: string; readonly from: GatewayUrl },
): readonly IgdService[] {
  const root = readXml(document);
  const declared = findElement(root, "URLBase")?.text ?? "";
  // Some routers name another address of theirs there; the description came from the one that we ask.
  const base = readGatewayUrl(declared, router, from) ?? from;
  const services = findElements(root, "service").flatMap((service): readonly IgdService[] => {
    const type = childText(service, "serviceType") ?? "";
    const version = Number(SERVICE_TYPE.exec(type)?.[2]);
    const control = readGatewayUrl(childText(service, "controlURL") ?? "", router, base);
    return Number.isNaN(version) || control === undefined ? [] : [{ type, version, control }];
  });
  return services.toSorted((a, b) => b.version - a.version).slice(0, MOST_SERVICES);
}
