import type { WebhookConfig } from "../../config/publish/sink_config.ts";
import type { Secret } from "../../core/secret.ts";
import type { WebhookOptions } from "../../publish/options.ts";
import {
  escapeUrl,
  exampleValues,
  fillTemplate,
  isTemplate,
  TEMPLATE_FIELDS,
} from "../../publish/template.ts";
import { fillBody } from "../../publish/webhook_body.ts";
import { isWebAddress, type PlanPublishOptions, secretAt } from "./publish_planning.ts";

/** A token of HTTP (RFC 9110, section 5.6.2). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
/** These are of the connection, not of the request. */
const RESERVED: ReadonlySet<string> = new Set(["connection", "content-length", "host", "transfer-encoding"]);
const NOT_WEB = "expected an address that starts with http:// or https://";

/** What is told where a text in braces is no field. */
export const UNKNOWN_FIELD: string = `holds an unknown placeholder; known: ${
  TEMPLATE_FIELDS.join(", ")
}; a brace itself is written {{`;

/** Plans a webhook; `undefined` if its URL could not be read. */
export function planWebhook(entry: WebhookConfig, options: PlanPublishOptions): WebhookOptions | undefined {
  const { protocol, path, refusals } = options;
  const { provider, domain = "", subDomain = "", srvPrefix = `_${protocol}.`, method, bodyType, expect } =
    entry;
  const style = styleOf(entry);
  const url = secretAt([...path, "url"], entry.url, options);
  const token = entry.token === undefined ? undefined : secretAt([...path, "token"], entry.token, options);
  const body = entry.body === undefined ? undefined : secretAt([...path, "body"], entry.body, options);
  const headers = planHeaders(entry, { ...options, style });
  refuseUrl(url, { ...options, style });
  if ((style === "nat1" || style === "nat1-records") && domain === "") {
    refusals.refuse(
      entry.domain === undefined ? path : [...path, "domain"],
      `style ${style} needs a domain`,
    );
  }
  refuseOfOtherStyles(entry, options);
  refuseBody(body, { ...options, entry });
  if (url === undefined) return undefined;
  return {
    ...{ provider, url, token, style, domain, subDomain, srvPrefix },
    ...(method !== undefined && { method }),
    ...(headers !== undefined && { headers }),
    ...(body !== undefined && { body }),
    ...(bodyType !== undefined && { bodyType }),
    ...(expect !== undefined && { expect }),
  };
}

function styleOf({ style, method, body, bodyType }: WebhookConfig): WebhookOptions["style"] {
  const isTemplate = method !== undefined || body !== undefined || bodyType !== undefined;
  return style ?? (isTemplate ? "template" : "json");
}

type StyleOptions = PlanPublishOptions & { readonly style: WebhookOptions["style"] };

function refuseUrl(url: Secret | undefined, { style, protocol, path, refusals }: StyleOptions): void {
  if (url === undefined) return;
  const text = url.reveal();
  const refuse = (message: string): void => refusals.refuse([...path, "url"], message);
  if (style !== "template") {
    if (!isWebAddress(text)) refuse(NOT_WEB);
  } else if (!isTemplate(text)) refuse(UNKNOWN_FIELD);
  else if (!isWebAddress(fillTemplate(text, exampleValues(protocol), escapeUrl))) refuse(NOT_WEB);
}

function planHeaders(entry: WebhookConfig, options: StyleOptions): WebhookOptions["headers"] {
  if (entry.headers === undefined) return undefined;
  const headers: Record<string, Secret> = {};
  for (const [name, text] of Object.entries(entry.headers)) {
    const at = [...options.path, "headers", name];
    const value = secretAt(at, text, options);
    const refuse = (message: string): void => options.refusals.refuse(at, message);
    if (!HEADER_NAME.test(name)) refuse("expected the name of a header");
    else if (RESERVED.has(name.toLowerCase())) refuse("porthole sets this header itself");
    else if (Object.keys(headers).some((other) => other.toLowerCase() === name.toLowerCase())) {
      refuse("this header is there twice");
    } else if (name.toLowerCase() === "authorization" && entry.token !== undefined) {
      refuse("token is sent in this header; use one of them");
    } else if (options.style === "template" && value !== undefined && !isTemplate(value.reveal())) {
      refuse(UNKNOWN_FIELD);
    }
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}

function refuseOfOtherStyles(entry: WebhookConfig, { path, refusals }: PlanPublishOptions): void {
  const { style } = entry;
  if (style === undefined || style === "template") return;
  for (const key of ["method", "body", "bodyType"] as const) {
    if (entry[key] === undefined) continue;
    refusals.refuse([...path, key], `style ${style} has its own; use style template, or leave it out`);
  }
}

function refuseBody(
  body: Secret | undefined,
  { entry, protocol, path, refusals }: PlanPublishOptions & { readonly entry: WebhookConfig },
): void {
  if (body === undefined || styleOf(entry) !== "template") return;
  const refuse = (message: string): void => refusals.refuse([...path, "body"], message);
  const { bodyType = "json" } = entry;
  const text = body.reveal();
  if (entry.method === "GET") refuse("a GET has no body; put it into the URL, or use POST");
  else if (!isTemplate(text)) refuse(UNKNOWN_FIELD);
  else if (bodyType === "json" && !isJson(fillBody(text, { bodyType, values: exampleValues(protocol) }))) {
    refuse("is no JSON once it is filled in; mend it, or set bodyType to form or text");
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // The parser's words would quote it.
    return false;
  }
}
