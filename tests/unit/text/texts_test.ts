import assert from "node:assert/strict";
import { langFromEnv, langOf, LANGS } from "../../../src/text/lang.ts";
import { textsOf } from "../../../src/text/texts.ts";

/** Every text as `path: words`; functions are called with the names of their places. */
function flatten(value: unknown, path: string): readonly (readonly [string, string])[] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value === "function") {
    const args = [["<0>", "<0b>"], "<1>"];
    const isList = /didYouMean|missingShell|noConfig/.test(path);
    return flatten(value(...(isList ? args : ["<0>", path.includes("badChoice") ? ["<1>"] : "<1>"])), path);
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => flatten(inner, `${path}.${key}`));
}

/** Places that a function fills in. */
function placesOf(words: string): readonly string[] {
  return [...new Set(words.match(/<\d>/g) ?? [])].sort();
}

Deno.test("textsOf() gives words for every key, with the same places filled in, in every language", () => {
  const english = new Map(flatten(textsOf("en"), "texts"));
  assert.ok(english.size > 100);
  for (const lang of LANGS) {
    const texts = textsOf(lang);
    assert.equal(texts.lang, lang);
    for (const [path, words] of flatten(texts, "texts")) {
      assert.notEqual(words.trim(), "", path);
      if (path.includes(".steps.")) continue;
      assert.deepEqual(placesOf(words), placesOf(english.get(path) ?? ""), `${lang} ${path}`);
    }
  }
});

Deno.test("textsOf() is translated: the languages share only words that are the same everywhere", () => {
  const english = new Map(flatten(textsOf("en"), "texts"));
  const same = flatten(textsOf("zh-CN"), "texts").filter(([path, words]) => english.get(path) === words);
  const allowed = /^(texts\.stun\.columns\.rfc5780)$/;
  assert.deepEqual(same.map(([path]) => path).filter((path) => !allowed.test(path)), []);
});

Deno.test("usage and hint texts are one line each", () => {
  for (const lang of LANGS) {
    const { usage, hint } = textsOf(lang);
    for (const [path, words] of [...flatten(usage, "usage"), ...flatten(hint, "hint")]) {
      assert.ok(!words.includes("\n"), path);
    }
  }
});

Deno.test("langOf() knows Chinese in POSIX and BCP 47 spelling and takes English for the rest", () => {
  for (const locale of ["zh_CN.UTF-8", "zh-CN", "zh", "zh_TW", "zh-Hans-CN", "ZH_cn@x"]) {
    assert.equal(langOf(locale), "zh-CN", locale);
  }
  for (const locale of ["en_US.UTF-8", "C", "POSIX", "", "de", "zhx"]) {
    assert.equal(langOf(locale), "en", locale);
  }
});

Deno.test("langFromEnv() reads LC_ALL before LC_MESSAGES before LANG, empty ones skipped", () => {
  const of = (env: Readonly<Record<string, string>>): string => langFromEnv((name) => env[name]);
  assert.equal(of({}), "en");
  assert.equal(of({ LANG: "zh_CN.UTF-8" }), "zh-CN");
  assert.equal(of({ LANG: "zh_CN.UTF-8", LC_MESSAGES: "en_US" }), "en");
  assert.equal(of({ LANG: "en_US", LC_MESSAGES: "en_US", LC_ALL: "zh_CN" }), "zh-CN");
  assert.equal(of({ LANG: "zh_CN", LC_ALL: "" }), "zh-CN");
});
