import { NO_ADDRESS, nothing, type WayContext, type WayOutcome } from "./way.ts";

/** Takes the name's own addresses, with the port asked for or else the service's usual one. */
export async function findAddress({ question, lookup }: WayContext): Promise<WayOutcome> {
  const { name, service } = question;
  const port = question.port ?? service?.defaultPort;
  const host = await lookup.addresses(name);
  if (host.addresses.length === 0) return nothing(NO_ADDRESS);
  if (port === undefined) {
    return nothing(service === undefined ? "no port is known" : `${service.text} has no usual port`);
  }
  return {
    kind: "found",
    endpoints: host.addresses.map((address) => ({ address, port })),
    ttlSeconds: host.ttlSeconds,
    evidence: host.evidence,
  };
}
