import { type Endpoint, familyOf, formatEndpoint } from "../core/endpoint.ts";
import { encodeIp4p } from "../core/ip4p.ts";
import {
  isMappingNews,
  type LostEvent,
  type MappingEvent,
  type MappingFields,
  type MappingNews,
  type Protocol,
  type UnusableEvent,
} from "../core/mapping.ts";
import type { HookStyle } from "./hook.ts";

/** Events that a hook may run for. */
export type HookableEvent = MappingNews | LostEvent | UnusableEvent;

/** What a hook is told: an event, and the mapping it is about; none where none was ever known. */
export interface HookInput {
  readonly event: HookableEvent;
  readonly mapping?: MappingFields | undefined;
}

/** Whether a hook may run for an event. */
export function isHookable(event: MappingEvent): event is HookableEvent {
  return isMappingNews(event) || event.event === "lost" || event.event === "unusable";
}

/** Adds the mapping to an event; one that has none is about the one known last. */
export function hookInput(event: HookableEvent, latest: MappingFields | undefined): HookInput {
  if (isMappingNews(event)) return { event, mapping: event };
  const internal = event.internal ?? latest?.internal;
  const external = (event.event === "lost" ? event.external : undefined) ?? latest?.external;
  if (internal === undefined || external === undefined) return { event };
  const target = latest?.target;
  return { event, mapping: { internal, external, ...(target && { target }) } };
}

/** Equal for mappings that a hook of this style could not tell apart by its arguments. */
export function hookKey(style: HookStyle, { internal, external, target }: MappingFields): string {
  const seen = style === "natmap" ? [internal, external] : [internal, external, target ?? internal];
  return seen.map(formatEndpoint).join(" ");
}

/** natmap's six arguments: public address, public port, IP4P (empty for IPv6), bind port, protocol, local address. */
export function natmapArguments(protocol: Protocol, mapping: MappingFields): readonly string[] {
  const { internal, external } = mapping;
  return [
    external.address,
    `${external.port}`,
    ip4pOf(external),
    `${internal.port}`,
    protocol,
    internal.address,
  ];
}

/** Natter 2's five arguments: protocol, inner address and port (of the target, if any), outer address and port. */
export function natter2Arguments(protocol: Protocol, mapping: MappingFields): readonly string[] {
  const inner = mapping.target ?? mapping.internal;
  const outer = mapping.external;
  return [protocol, inner.address, `${inner.port}`, outer.address, `${outer.port}`];
}

/** Canonical addresses with plain zone names, decimal numbers and the protocols: no shell finds a meaning in them. */
const PLAIN_VALUE = /^(?:[0-9A-Fa-f.:]+(?:%[0-9A-Za-z._-]+)?|tcp|udp)$/;

/**
 * Natter 0.9's text with its placeholders replaced, every occurrence; other tags stay.
 *
 * @throws {TypeError} If a value is not an address, a port or a protocol: it might mean something to a shell.
 */
export function fillNatterTemplate(text: string, protocol: Protocol, mapping: MappingFields): string {
  const [, innerIp, innerPort, outerIp, outerPort] = natter2Arguments(protocol, mapping);
  const values: Readonly<Record<string, string | undefined>> = {
    protocol,
    inner_ip: innerIp,
    inner_port: innerPort,
    outer_ip: outerIp,
    outer_port: outerPort,
  };
  return text.replace(/\{(protocol|inner_ip|inner_port|outer_ip|outer_port)\}/g, (_tag, name: string) => {
    const value = values[name] ?? "";
    if (!PLAIN_VALUE.test(value)) {
      throw new TypeError(`Cannot fill {${name}}: ${JSON.stringify(value)} is not a plain value`);
    }
    return value;
  });
}

/** The same and more as environment variables, all of them named `PORTHOLE_…`; what there is not is empty. */
export function hookEnvironment({ event, mapping }: HookInput): Readonly<Record<string, string>> {
  const internal = mapping?.internal;
  const external = mapping?.external;
  const isDown = event.event === "lost" || event.event === "unusable";
  const variables = {
    PORTHOLE_EVENT: event.event,
    PORTHOLE_NAME: event.name,
    PORTHOLE_PROTOCOL: event.protocol,
    PORTHOLE_INTERNAL: textOf(internal),
    PORTHOLE_INTERNAL_ADDRESS: internal?.address ?? "",
    PORTHOLE_INTERNAL_PORT: `${internal?.port ?? ""}`,
    PORTHOLE_EXTERNAL: textOf(external),
    PORTHOLE_EXTERNAL_ADDRESS: external?.address ?? "",
    PORTHOLE_EXTERNAL_PORT: `${external?.port ?? ""}`,
    PORTHOLE_IP4P: external === undefined ? "" : ip4pOf(external),
    PORTHOLE_PREVIOUS: event.event === "changed" ? formatEndpoint(event.previous) : "",
    PORTHOLE_TARGET: textOf(mapping?.target),
    PORTHOLE_REASON: isDown ? event.reason : "",
    PORTHOLE_AT: event.at.toISOString(),
  };
  // No program can be started with a NUL in its environment.
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, value.replaceAll("\0", " ")]),
  );
}

function textOf(endpoint: Endpoint | undefined): string {
  return endpoint === undefined ? "" : formatEndpoint(endpoint);
}

function ip4pOf(external: Endpoint): string {
  return familyOf(external.address) === 4 ? encodeIp4p(external) : "";
}
