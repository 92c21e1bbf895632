import type { Endpoint } from "../../core/endpoint.ts";
import { memberOf } from "../answer_words.ts";
import type { RedirectPlan } from "../options.ts";

/** A rule to have. */
export interface CloudflareRule {
  /** Phase of its ruleset. */
  readonly phase: "http_request_dynamic_redirect" | "http_request_origin";
  /** Name of the ruleset, where there is none yet. */
  readonly rulesetName: string;
  /** What it does. */
  readonly action: "redirect" | "route";
  /** In the API's spelling. */
  readonly action_parameters: Readonly<Record<string, unknown>>;
  /** What it is known by. */
  readonly description: string;
  /** Which requests it is for. */
  readonly expression: string;
}

/** The rule that sends browsers to the external endpoint (compat.md 6): Natter's form, so that it takes Natter's over. */
export function redirectRule({ host, to, scheme, status }: RedirectPlan, { port }: Endpoint): CloudflareRule {
  return {
    phase: "http_request_dynamic_redirect",
    rulesetName: "Redirect rules ruleset",
    action: "redirect",
    action_parameters: {
      from_value: {
        status_code: status,
        // The host is a name, whatever the family of the mapping.
        target_url: { expression: `concat("${scheme}://${to}:${port}", http.request.uri.path)` },
        preserve_query_string: true,
      },
    },
    description: descriptionOf(host),
    expression: expressionOf(host),
  };
}

/** The rule that makes the external port the origin's (compat.md 6). */
export function originRule(host: string, { port }: Endpoint): CloudflareRule {
  return {
    phase: "http_request_origin",
    rulesetName: "Origin rules ruleset",
    action: "route",
    action_parameters: { origin: { port } },
    description: descriptionOf(host),
    expression: expressionOf(host),
  };
}

/** Whether a rule that is there is the one we keep: by its description, or, where it has none, by what it does. Total. */
export function isOwnRule(existing: unknown, { description, action, expression }: CloudflareRule): boolean {
  const words = memberOf(existing, "description") ?? "";
  if (words !== "") return words === description;
  return memberOf(existing, "action") === action && memberOf(existing, "expression") === expression;
}

/**
 * The body that makes a rule so; what a user added to the parameters of one that is there (a host header of the origin,
 * for example) stays. Pure.
 */
export function formatRuleBody(rule: CloudflareRule, existing?: unknown): Readonly<Record<string, unknown>> {
  const { action, action_parameters, description, expression } = rule;
  const isSameAction = memberOf(existing, "action") === action;
  const old = isSameAction && action === "route" ? memberOf(existing, "action_parameters") : undefined;
  return {
    action,
    action_parameters: mergeDeep(old, action_parameters),
    description,
    enabled: true,
    expression,
  };
}

/** Whether everything that {@linkcode formatRuleBody} would write is there. Total. */
export function isSameRule(existing: unknown, rule: CloudflareRule): boolean {
  return holds(existing, formatRuleBody(rule, existing));
}

/** Natter's words. */
function descriptionOf(host: string): string {
  return `Natter: ${host}`;
}

function expressionOf(host: string): string {
  return `(http.host eq "${host}")`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mergeDeep(old: unknown, wanted: unknown): unknown {
  if (!isObject(old) || !isObject(wanted)) return wanted;
  const merged = Object.entries(wanted).map(([key, value]) => [key, mergeDeep(memberOf(old, key), value)]);
  return { ...old, ...Object.fromEntries(merged) };
}

function holds(value: unknown, wanted: unknown): boolean {
  if (!isObject(wanted)) return value === wanted || JSON.stringify(value) === JSON.stringify(wanted);
  return Object.entries(wanted).every(([key, inner]) => holds(memberOf(value, key), inner));
}
