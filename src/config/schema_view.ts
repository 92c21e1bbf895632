import * as v from "valibot";
import type { Config } from "./config.ts";
import { SEVERAL_LINES } from "./schema_parts.ts";

/** What a reader of syntax trees has to know of a schema; every schema of valibot looks like this. */
export interface SchemaView {
  readonly type: string;
  /** Of `strict_object`. */
  readonly entries?: Readonly<Record<string, SchemaView>>;
  /** Of `array`. */
  readonly item?: SchemaView;
  /** Of `record`: whatever its keys are called. */
  readonly value?: SchemaView;
  /** Of `optional`. */
  readonly wrapped?: SchemaView;
  /** Of `union` and `variant`; words where it is a `picklist`. */
  readonly options?: readonly SchemaView[];
  /** Of `variant`. */
  readonly key?: string;
  /** Of `union`: what was expected. */
  readonly message?: unknown;
  /** Of `literal`. */
  readonly literal?: unknown;
}

/** Looks at a schema from outside. */
export function viewOf(schema: v.GenericSchema<Config>): SchemaView {
  return schema as unknown as SchemaView;
}

/** Whether texts of this schema are secrets: it says `writeOnly`, as JSON Schema has it. */
export function isSecretSchema(schema: SchemaView): boolean {
  return v.getMetadata(schema as unknown as v.GenericSchema)["writeOnly"] === true;
}

/** Whether texts of this schema may have several lines. */
export function hasLinesSchema(schema: SchemaView): boolean {
  const metadata: Readonly<Record<PropertyKey, unknown>> = v.getMetadata(
    schema as unknown as v.GenericSchema,
  );
  return metadata[SEVERAL_LINES] === true;
}

/** The schema itself, whether the key may be absent or not. */
export function withoutOption(schema: SchemaView): SchemaView {
  return schema.type === "optional" && schema.wrapped !== undefined ? schema.wrapped : schema;
}

/**
 * What a schema asks of a list or object.
 *
 * @param discriminatorOf Reads a key of the object.
 * @returns `undefined` if it takes no such value.
 */
export function shapeFor(
  schema: SchemaView,
  kind: { readonly isList: boolean; readonly discriminatorOf: (key: string) => unknown },
): SchemaView | undefined {
  const wanted = kind.isList ? ["array"] : ["strict_object", "record"];
  if (wanted.includes(schema.type)) return schema;
  switch (schema.type) {
    case "optional":
    case "union":
      return (schema.type === "union" ? schema.options ?? [] : [withoutOption(schema)])
        .map((option) => shapeFor(option, kind)).find((shape) => shape !== undefined);
    case "variant": {
      const { key = "", options = [] } = schema;
      if (kind.isList) return undefined;
      const value = kind.discriminatorOf(key);
      return options.find(({ entries }) => entries?.[key]?.literal === value);
    }
    default:
      return undefined;
  }
}
