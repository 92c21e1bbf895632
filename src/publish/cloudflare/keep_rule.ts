import { memberOf } from "../answer_words.ts";
import { ApiRefusal } from "../api_refusal.ts";
import { PublishError } from "../publisher.ts";
import type { CloudflareApi } from "./cloudflare_api.ts";
import type { CloudflareZone } from "./find_zone.ts";
import { type CloudflareRule, formatRuleBody, isOwnRule, isSameRule } from "./rule_body.ts";

/** Options for {@linkcode keepRule}. */
export interface KeepRuleOptions {
  /** Where the rule is. */
  readonly zone: CloudflareZone;
  /** Ends the request under way. */
  readonly signal: AbortSignal;
}

/** The most that the API gives on one page. */
const PER_PAGE = "50";
/** No zone has as many rulesets. */
const MOST_PAGES = 100;

/**
 * Makes a rule so at a zone, and its ruleset where there is none. Nothing is written if it is the same already; rules of
 * others stay as they are.
 *
 * @throws {PublishError}
 */
export async function keepRule(
  api: CloudflareApi,
  rule: CloudflareRule,
  { zone, signal }: KeepRuleOptions,
): Promise<void> {
  const path = `/zones/${encodeURIComponent(zone.id)}/rulesets`;
  const found = await findRuleset(api, { path, phase: rule.phase, signal });
  const place = `${path}/${found ?? await createRuleset(api, rule, { path, signal })}`;
  const { result } = await api.request({ path: place, signal });
  // A ruleset without rules has no such member.
  const rules = memberOf(result, "rules") ?? [];
  if (!Array.isArray(rules)) throw new PublishError(api.provider, "the ruleset has no list of rules");
  const own = rules.filter((existing) => isOwnRule(existing, rule));
  if (own.length === 0) await createRule(api, rule, { path: `${place}/rules`, signal });
  for (const existing of own.filter((one) => !isSameRule(one, rule))) {
    const body = formatRuleBody(rule, existing);
    await api.request({ method: "PATCH", path: `${place}/rules/${idOf(api, existing)}`, body, signal });
  }
}

/** @returns Its id; that of somebody else's where they were faster: a zone has one of a phase. */
async function createRuleset(
  api: CloudflareApi,
  { rulesetName: name, phase }: CloudflareRule,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<string> {
  try {
    const body = { name, kind: "zone", phase, rules: [] };
    const { result } = await api.request({ method: "POST", path, body, signal });
    return idOf(api, result);
  } catch (error) {
    const id = error instanceof ApiRefusal ? await findRuleset(api, { path, phase, signal }) : undefined;
    if (id === undefined) throw error;
    return id;
  }
}

async function createRule(
  api: CloudflareApi,
  rule: CloudflareRule,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<void> {
  await api.request({ method: "POST", path, body: formatRuleBody(rule), signal });
}

/** The zone's own ruleset of a phase; `undefined` if there is none. The list is paged by cursors. */
async function findRuleset(
  api: CloudflareApi,
  { path, phase, signal }: { readonly path: string; readonly phase: string; readonly signal: AbortSignal },
): Promise<string | undefined> {
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = { per_page: PER_PAGE, ...(cursor !== undefined && { cursor }) };
    const { result, resultInfo } = await api.request({ path, query, signal });
    if (!Array.isArray(result)) throw new PublishError(api.provider, "the answer has no list");
    const found = result.find((one) => memberOf(one, "phase") === phase && memberOf(one, "kind") === "zone");
    if (found !== undefined) return idOf(api, found);
    const next = memberOf(memberOf(resultInfo, "cursors"), "after");
    if (typeof next !== "string" || next === "" || next === cursor) return undefined;
    cursor = next;
  }
  throw new PublishError(api.provider, `the list has more than ${MOST_PAGES} pages`);
}

/** For a path. */
function idOf({ provider }: CloudflareApi, value: unknown): string {
  const id = memberOf(value, "id");
  if (typeof id === "string") return encodeURIComponent(id);
  throw new PublishError(provider, "the answer has no id");
}
