import { type Endpoint, familyOf, formatEndpoint } from "./endpoint.ts";
import { encodeIp4p } from "./ip4p.ts";
import type { ClientEvent, MappingEvent, MappingFields, PublishedEvent } from "./mapping.ts";

/** One JSON line of `open`, `forward` and `run`; keys are in the order they are written. */
export type EventJson = Readonly<Record<string, string | number>>;

/**
 * The JSON line of an event: dates as ISO 8601 in UTC, endpoints as `ip:port`, IPv6 in brackets, `ip4p` added
 * for an IPv4 external endpoint. First the fields that every event may have, in one order, then its own.
 */
export function eventToJson(event: MappingEvent): EventJson {
  const json: Record<string, string | number> = {
    event: event.event,
    name: event.name,
    protocol: event.protocol,
  };
  const put = (key: string, endpoint: Endpoint | undefined): void => {
    if (endpoint !== undefined) json[key] = formatEndpoint(endpoint);
  };
  if ("internal" in event) put("internal", event.internal);
  const external = "external" in event ? event.external : undefined;
  put("external", external);
  if ("target" in event) put("target", event.target);
  if (external !== undefined && familyOf(external.address) === 4) json["ip4p"] = encodeIp4p(external);
  json["at"] = event.at.toISOString();
  return { ...json, ...ownFields(event) };
}

function ownFields(event: MappingEvent): EventJson {
  switch (event.event) {
    case "changed":
      return { previous: formatEndpoint(event.previous), ...mappingFields(event) };
    case "lost":
    case "unusable":
      return { reason: event.reason };
    case "checked":
      return {
        ...(event.reachability.state === "reachable"
          ? { reachability: "reachable", evidence: event.reachability.evidence }
          : { reachability: "unverified", reason: event.reachability.reason }),
        ...(event.gateway === undefined ? {} : { gateway: event.gateway }),
      };
    case "hook":
      return {
        command: event.command,
        ...(event.status === undefined ? {} : { status: event.status }),
        ...(event.error === undefined ? {} : { error: event.error }),
        ...(event.output === undefined ? {} : { output: event.output }),
        ...(event.durationMs === undefined ? {} : { durationMs: event.durationMs }),
        ...(event.attempt === undefined ? {} : { attempt: event.attempt }),
        ...(event.skipped === undefined ? {} : { skipped: event.skipped }),
      };
    case "published":
      return { provider: event.provider, ...placeField(event) };
    case "publish-failed":
      return { provider: event.provider, ...placeField(event), reason: event.reason };
    case "client":
      return clientFields(event);
    case "mapped":
    case "restored":
      return mappingFields(event);
    case "stopped":
      return {};
  }
}

function placeField({ place }: Pick<PublishedEvent, "place">): EventJson {
  return place === undefined ? {} : { place };
}

function mappingFields({ sharing, gateway }: MappingFields): EventJson {
  return { ...(sharing !== undefined && { sharing }), ...(gateway !== undefined && { gateway }) };
}

function clientFields(event: ClientEvent): EventJson {
  const { state, client, local, bytesIn, bytesOut, durationMs, reason } = event;
  return {
    state,
    client: formatEndpoint(client),
    ...(local && { local: formatEndpoint(local) }),
    ...(bytesIn !== undefined && { bytesIn }),
    ...(bytesOut !== undefined && { bytesOut }),
    ...(durationMs !== undefined && { durationMs }),
    ...(reason !== undefined && { reason }),
  };
}
