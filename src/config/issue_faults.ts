import type * as v from "valibot";
import type { ConfigPath } from "./config_fault.ts";
import { kindOf } from "./schema_parts.ts";

/** What the validator found, in our words. */
export interface IssueFault {
  readonly path: ConfigPath;
  readonly message: string;
}

/** Types that have no message of their own. */
const EXPECTED: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  strict_object: "an object",
};

/** Puts an issue of the validator into words; a value that fits no type is never repeated, as it may be a secret. */
export function issueFaults(issue: v.BaseIssue<unknown>, around: ConfigPath = []): readonly IssueFault[] {
  const path = [...around, ...keysOf(issue)];
  // Where one spelling of several fits as a whole, what is wrong inside says more than "neither".
  const deeper = issue.issues?.filter((inner) => inner.path !== undefined) ?? [];
  if (deeper.length > 0) return deeper.flatMap((inner) => issueFaults(inner, path));
  const last = issue.path?.at(-1);
  if (issue.type === "strict_object" && last?.origin === "key") {
    return [{ path: path.slice(0, -1), message: `key "${last.key}" is missing` }];
  }
  // Its other issue is about the key that decides.
  if (issue.type === "variant" && issue.expected === "Object") {
    return [{ path, message: `expected an object, not ${kindOf(issue.input)}` }];
  }
  const expected = issue.kind === "schema" ? EXPECTED[issue.type] : undefined;
  return [{
    path,
    message: expected === undefined ? issue.message : `expected ${expected}, not ${kindOf(issue.input)}`,
  }];
}

function keysOf(issue: v.BaseIssue<unknown>): ConfigPath {
  return (issue.path ?? []).map(({ key }) => typeof key === "number" ? key : String(key));
}
