import { scopeOf } from "../../core/address_scope.ts";
import { formatEndpoint } from "../../core/endpoint.ts";
import { decodeIp4p } from "../../core/ip4p.ts";
import { nothing, type WayContext, type WayOutcome } from "./way.ts";

/** Look-alikes named in a message. */
const MOST_NAMED = 3;

/**
 * Finds an IPv4 endpoint that is written as an IPv6 address (IP4P, 2001::PORT:ADDRESS). Real IPv6 addresses beside it
 * do not matter; what only looks alike (2001:db8::1), names port 0 or an address nobody has, is refused.
 */
export async function findIp4p({ question, lookup }: WayContext): Promise<WayOutcome> {
  const { name, families } = question;
  if (!families.includes(4)) return nothing("IP4P stands for IPv4 only");
  const { records, ttlSeconds } = await lookup.records(name, "AAAA");
  const addresses = records.flatMap((data) => data.type === "AAAA" ? [data.address] : []);
  const endpoints = addresses.flatMap((address) => decodeIp4p(address) ?? []).filter(({ address, port }) =>
    port > 0 && !["unspecified", "multicast"].includes(scopeOf(address))
  );
  if (endpoints.length === 0) {
    const named = addresses.slice(0, MOST_NAMED).join(", ");
    return nothing(named === "" ? "it has no IP4P address" : `its address ${named} is not IP4P`);
  }
  const evidence = addresses.filter((address) => decodeIp4p(address) !== undefined)
    .map((address) => `AAAA ${name} ${address} (${formatEndpoint(decodeIp4p(address) ?? NOWHERE)})`);
  return { kind: "found", endpoints, ttlSeconds, evidence };
}

const NOWHERE = { address: "0.0.0.0", port: 0 };
