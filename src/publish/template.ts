import { familyOf, formatEndpoint } from "../core/endpoint.ts";
import { encodeIp4p } from "../core/ip4p.ts";
import type { MappingNews, Protocol } from "../core/mapping.ts";

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

/** A text inside a JSON text, without the quotes around it. Pure. */
export function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A text inside a form, or inside the path or the query of a URL (RFC 3986, section 2.1). Pure. */
export function escapeUrl(text: string): string {
  // Colons are allowed there, and endpoints stay readable.
  return encodeURIComponent(text.toWellFormed()).replaceAll("%3A", ":");
}

/** The template with its fields filled in, each as `escape` makes it; `{{` is a brace, unknown names stay as they are. Pure. */
export function fillTemplate(
  template: string,
  values: Readonly<Record<string, string>>,
  escape: (text: string) => string = (text) => text,
): string {
  return template.replace(/\{\{|\{(\w+)\}/g, (whole, field: string | undefined) => {
    if (field === undefined) return "{";
    const value = Object.hasOwn(values, field) ? values[field] : undefined;
    return value === undefined ? whole : escape(value);
  });
}

/** Whether everything in braces is a field that there is. Pure. */
export function isTemplate(template: string, fields: readonly string[] = TEMPLATE_FIELDS): boolean {
  return [...template.matchAll(/\{\{|\{(\w+)\}/g)].every(([, field]) =>
    field === undefined || fields.includes(field)
  );
}

/** Values as they could be, for looking whether a template makes sense once it is filled in. Pure. */
export function exampleValues(protocol: Protocol): Readonly<Record<TemplateField, string>> {
  const endpoint = { address: "192.0.2.1", port: 1 };
  return templateValues({
    ...{ event: "mapped", name: "a", protocol, at: new Date(0), internal: endpoint, external: endpoint },
  });
}
