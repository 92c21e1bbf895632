import { familyOf, formatEndpoint } from "../core/endpoint.ts";
import { encodeIp4p } from "../core/ip4p.ts";
import type { ChangedEvent, MappedEvent, MappingEvent, RestoredEvent } from "../core/mapping.ts";

/** Events that say where the mapping is: those a hook may run for. */
export type MappingNews = MappedEvent | ChangedEvent | RestoredEvent;

/** Whether an event says where the mapping is. */
export function isMappingNews(event: MappingEvent): event is MappingNews {
  return event.event === "mapped" || event.event === "changed" || event.event === "restored";
}

/** Equal for events that a hook could not tell apart by natmap's six arguments. */
export function hookKey(event: MappingNews): string {
  return natmapArguments(event).join(" ");
}

/**
 * natmap's six arguments: public address, public port, IP4P (empty for IPv6), bind port, protocol, local
 * address.
 */
export function natmapArguments(event: MappingNews): readonly string[] {
  const { internal, external, protocol } = event;
  return [
    external.address,
    `${external.port}`,
    ip4pOf(event),
    `${internal.port}`,
    protocol,
    internal.address,
  ];
}

/** The same and more as environment variables, all of them named `PORTHOLE_…`. */
export function hookEnvironment(event: MappingNews): Readonly<Record<string, string>> {
  const { internal, external } = event;
  return {
    PORTHOLE_EVENT: event.event,
    PORTHOLE_NAME: event.name,
    PORTHOLE_PROTOCOL: event.protocol,
    PORTHOLE_INTERNAL: formatEndpoint(internal),
    PORTHOLE_INTERNAL_ADDRESS: internal.address,
    PORTHOLE_INTERNAL_PORT: `${internal.port}`,
    PORTHOLE_EXTERNAL: formatEndpoint(external),
    PORTHOLE_EXTERNAL_ADDRESS: external.address,
    PORTHOLE_EXTERNAL_PORT: `${external.port}`,
    PORTHOLE_IP4P: ip4pOf(event),
    PORTHOLE_PREVIOUS: event.event === "changed" ? formatEndpoint(event.previous) : "",
    PORTHOLE_TARGET: event.target === undefined ? "" : formatEndpoint(event.target),
    PORTHOLE_AT: event.at.toISOString(),
  };
}

function ip4pOf({ external }: MappingNews): string {
  return familyOf(external.address) === 4 ? encodeIp4p(external) : "";
}
