import { getNodeValue, type Node } from "jsonc-parser";
import { type ConfigPath, MOST_FAULTS, quoted } from "./config_fault.ts";
import { hasLinesSchema, isSecretSchema, type SchemaView, shapeFor, withoutOption } from "./schema_view.ts";
import { suggestKey } from "./suggest_key.ts";

/** A fault at a node of the tree. */
export interface NodeFault {
  readonly path: ConfigPath;
  readonly offset: number;
  readonly message: string;
}

/** A text that may be `env:NAME` or `file:PATH`. */
export interface SecretSpot {
  readonly path: ConfigPath;
  readonly text: string;
  /** Whether it may have several lines. */
  readonly hasLines: boolean;
}

/** What {@linkcode readTree} found. */
export interface ReadTree {
  /** The plain value; what is told in `faults` is left out of it. */
  readonly value: unknown;
  /** Unknown keys, keys written twice, lists that are too long, and lists where objects belong. */
  readonly faults: readonly NodeFault[];
  readonly secrets: readonly SecretSpot[];
}

/** An allow list of a whole country has some ten thousand. */
const MOST_ITEMS = 100_000;

/**
 * Reads a syntax tree side by side with its schema: finds what a validator of plain values cannot see (keys written
 * twice) or does not tell (every unknown key, not just the first).
 */
export function readTree(root: Node, schema: SchemaView): ReadTree {
  const reader = new TreeReader();
  const value = reader.read(root, schema, []);
  return { value, faults: reader.faults, secrets: reader.secrets };
}

class TreeReader {
  readonly faults: NodeFault[] = [];
  readonly secrets: SecretSpot[] = [];

  read(node: Node, schema: SchemaView, path: ConfigPath): unknown {
    if (node.type !== "object" && node.type !== "array") {
      const value: unknown = getNodeValue(node);
      const bare = withoutOption(schema);
      if (typeof value === "string" && isSecretSchema(bare)) {
        this.secrets.push({ path, text: value, hasLines: hasLinesSchema(bare) });
      }
      return value;
    }
    const isList = node.type === "array";
    const shape = shapeFor(schema, { isList, discriminatorOf: (key) => scalarAt(node, key) });
    if (shape?.item !== undefined) return this.#readList(node, shape.item, path);
    if (shape?.entries !== undefined) return this.#readObject(node, shape.entries, path);
    if (shape?.value !== undefined) return this.#readRecord(node, shape.value, path);
    if (isList) return this.#listInstead(node, schema, path);
    // Wrong whatever is in it: the validator is to say so without looking inside. A variant's fault is about one key.
    const { key } = withoutOption(schema);
    const value = key === undefined ? undefined : scalarAt(node, key);
    return key === undefined || value === undefined ? {} : { [key]: value };
  }

  /** To the validator a list is an object without keys, which would be told as keys that are missing. */
  #listInstead(node: Node, schema: SchemaView, path: ConfigPath): unknown {
    const empty = { isList: false, discriminatorOf: (): undefined => undefined };
    const { type, key, message } = withoutOption(schema);
    if (shapeFor(schema, empty) === undefined && key === undefined) return [];
    const isChoice = type === "union" && typeof message === "function";
    this.#tell(path, node, isChoice ? String(message({ input: [] })) : "expected an object, not a list");
    return undefined;
  }

  #readList(node: Node, item: SchemaView, path: ConfigPath): unknown[] {
    const items = node.children ?? [];
    const extra = items[MOST_ITEMS];
    if (extra !== undefined) this.#tell(path, extra, `more than ${MOST_ITEMS} entries`);
    return items.slice(0, MOST_ITEMS).map((child, i) => this.read(child, item, [...path, i]));
  }

  #readObject(
    node: Node,
    entries: Readonly<Record<string, SchemaView>>,
    path: ConfigPath,
  ): Record<string, unknown> {
    const schemaOf = (key: string): SchemaView | undefined =>
      Object.hasOwn(entries, key) ? entries[key] : undefined;
    return this.#readKeys(node, { path, schemaOf, known: Object.keys(entries) });
  }

  /** Keys are the user's, but for those that mean something else to the language. */
  #readRecord(node: Node, item: SchemaView, path: ConfigPath): Record<string, unknown> {
    return this.#readKeys(node, { path, schemaOf: (key) => key in {} ? undefined : item, known: [] });
  }

  #readKeys(
    node: Node,
    { path, schemaOf, known }: {
      readonly path: ConfigPath;
      readonly schemaOf: (key: string) => SchemaView | undefined;
      readonly known: readonly string[];
    },
  ): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    const seen = new Set<string>();
    for (const { children: [keyNode, valueNode] = [] } of node.children ?? []) {
      if (keyNode === undefined) continue;
      const key = String(keyNode.value);
      const at = [...path, key];
      const schema = schemaOf(key);
      if (schema === undefined) this.#tell(at, keyNode, () => unknownKey(key, known));
      else if (seen.has(key)) this.#tell(at, keyNode, `key ${quoted(key)} is there twice`);
      else if (valueNode !== undefined) value[key] = this.read(valueNode, schema, at);
      seen.add(key);
    }
    return value;
  }

  #tell(path: ConfigPath, node: Node, message: string | (() => string)): void {
    // One more shows that there are more.
    if (this.faults.length > MOST_FAULTS) return;
    const text = typeof message === "string" ? message : message();
    this.faults.push({ path, offset: node.offset, message: text });
  }
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = suggestKey(key, known);
  return `unknown key ${quoted(key)}${near === undefined ? "" : `; did you mean "${near}"`}`;
}

/** A key of an object node, if it is no list or object. */
function scalarAt(node: Node, key: string): unknown {
  const property = node.children?.find(({ children }) => children?.[0]?.value === key);
  const value = property?.children?.[1];
  return value === undefined ? undefined : value.children === undefined ? value.value : {};
}
