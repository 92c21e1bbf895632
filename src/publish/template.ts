import { familyOf, formatEndpoint } from "../core/endpoint.ts";
import { encodeIp4p } from "../core/ip4p.ts";
import type { MappingNews } from "../core/mapping.ts";

/** What `{…}` in a template of the user's can name. */
export const TEMPLATE_FIELDS = [
  "event",
  "name",
  "protocol",
  "external",
  "address",
  "port",
  "ip4p",
  "internal",
  "internal_address",
  "internal_port",
  "target",
  "previous",
  "time",
] as const;

/** One of {@linkcode TEMPLATE_FIELDS}. */
export type TemplateField = typeof TEMPLATE_FIELDS[number];

/** The fields' values for some news; what there is none of is an empty text. Pure. */
export function templateValues(news: MappingNews): Readonly<Record<TemplateField, string>> {
  const { event, name, protocol, external, internal, target, at } = news;
  return {
    event,
    name,
    protocol,
    external: formatEndpoint(external),
    address: external.address,
    port: `${external.port}`,
    ip4p: familyOf(external.address) === 4 ? encodeIp4p(external) : "",
    internal: formatEndpoint(internal),
    internal_address: internal.address,
    internal_port: `${internal.port}`,
    target: target === undefined ? "" : formatEndpoint(target),
    previous: news.event === "changed" ? formatEndpoint(news.previous) : "",
    time: at.toISOString(),
  };
}

/** The template with its fields filled in, each as `escape` makes it; `{{` is a brace, unknown names stay as they are. Pure. */
export function fillTemplate(
  template: string,
  values: Readonly<Record<string, string>>,
  escape: (text: string) => string = (text) => text,
): string {
  return template.replace(/\{\{|\{(\w+)\}/g, (whole, field: string | undefined) => {
    if (field === undefined) return "{";
    const value = values[field];
    return value === undefined ? whole : escape(value);
  });
}
