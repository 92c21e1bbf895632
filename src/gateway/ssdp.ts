/** Where UPnP devices listen for searches (UPnP Device Architecture 1.1, section 1.3.2). */
export const SSDP_GROUP = { address: "239.255.255.250", port: 1900 } as const;

/** What internet gateways answer to; some answer only to the last one. */
export const SEARCH_TARGETS: readonly string[] = [
  "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
  "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
  "upnp:rootdevice",
];

/** An answer to a search. */
export interface SsdpAnswer {
  /** URL of the device description, as it came. */
  readonly location: string;
  /** What answered; empty if it does not say. */
  readonly target: string;
}

/** An answer is smaller; so much is looked at. */
const MOST_BYTES = 4096;
const MOST_LINES = 64;
/** A URL of a router is shorter. */
const MOST_LOCATION = 1024;

/** A search (UPnP Device Architecture 1.1, section 1.3.2). `host` is where it is sent, `ADDRESS:PORT`. */
export function encodeSearch(target: string, host: string): Uint8Array {
  const lines = [
    "M-SEARCH * HTTP/1.1",
    `HOST: ${host}`,
    'MAN: "ssdp:discover"',
    "MX: 1",
    `ST: ${target}`,
    "",
    "",
  ];
  return new TextEncoder().encode(lines.join("\r\n"));
}

/** Reads an answer, header names in any case; `undefined` for whatever is none, or has no location. Never throws. */
export function readSsdpAnswer(bytes: Uint8Array): SsdpAnswer | undefined {
  const text = new TextDecoder().decode(bytes.subarray(0, MOST_BYTES));
  const [status = "", ...lines] = text.split(/\r?\n/, MOST_LINES);
  if (!/^HTTP\/1\.\d 200\b/i.test(status)) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  const location = headers.get("location");
  if (location === undefined || location === "" || location.length > MOST_LOCATION) return undefined;
  return { location, target: headers.get("st") ?? "" };
}
