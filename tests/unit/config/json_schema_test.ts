import assert from "node:assert/strict";
import { configJsonSchema } from "../../../src/config/json_schema.ts";

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly description?: string;
  readonly const?: unknown;
  readonly additionalProperties?: boolean;
  readonly writeOnly?: boolean;
}

/** Every schema in a schema, with its path. */
function walk(schema: JsonSchema, path: string): readonly (readonly [string, JsonSchema])[] {
  const named = Object.entries({ ...schema.properties, ...schema.$defs });
  const inner = [
    ...schema.anyOf ?? [],
    ...schema.oneOf ?? [],
    ...(schema.items === undefined ? [] : [schema.items]),
  ];
  return [
    [path, schema],
    ...named.flatMap(([key, value]) => walk(value, `${path}.${key}`)),
    ...inner.flatMap((value, i) => walk(value, `${path}[${i}]`)),
  ];
}

const schemas = walk(JSON.parse(configJsonSchema()), "");

Deno.test("porthole.schema.json is up to date; `deno task schema` writes it", async () => {
  const written = await Deno.readTextFile(new URL("../../../porthole.schema.json", import.meta.url));
  assert.equal(written, configJsonSchema());
});

Deno.test("configJsonSchema() describes every key and refuses unknown ones everywhere", () => {
  let keys = 0;
  for (const [path, { properties, additionalProperties }] of schemas) {
    if (properties === undefined) continue;
    assert.ok(additionalProperties === false, path);
    for (const [key, { description, const: only }] of Object.entries(properties)) {
      assert.ok(only !== undefined || /^\S.*\.$/.test(description ?? ""), `${path}.${key}: ${description}`);
      keys++;
    }
  }
  assert.ok(keys > 60, `${keys}`);
});

Deno.test("configJsonSchema() marks secrets, and nothing else, as writeOnly", () => {
  const secrets = schemas.filter(([, { writeOnly }]) => writeOnly).map(([path]) => path);
  const names = new Set(secrets.map((path) => path.split(".").at(-1) ?? ""));
  const known = new Set(["body", "headers", "id", "key", "password", "secret", "token", "url"]);
  assert.deepEqual([...names.difference(known)], []);
  assert.ok(names.has("token") && names.has("key") && names.has("url"));
});
