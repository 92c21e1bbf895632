import { canonicalAddress, type Endpoint } from "../../core/endpoint.ts";

/** The C library takes no more either (MAXNS). */
const MOST_SERVERS = 3;
const DNS_PORT = 53;

/** The name servers of a resolv.conf(5), in its order; lines that are none are passed over. Total and pure. */
export function parseResolvConf(text: string): readonly Endpoint[] {
  const servers = text.split("\n").flatMap((line) => {
    const [, written = ""] = /^\s*nameserver\s+(\S+)/.exec(line) ?? [];
    const address = canonicalAddress(written);
    return address === undefined ? [] : [{ address, port: DNS_PORT }];
  });
  return servers.slice(0, MOST_SERVERS);
}
