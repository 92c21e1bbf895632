import type { Node } from "jsonc-parser";
import type { ConfigPath, Place, PlaceOf } from "./config_fault.ts";
import type { TextPlaces } from "./text_places.ts";
import type { SecretSpot } from "./tree_reader.ts";

/** The text behind a configuration: where everything stands, for whoever finds faults later. */
export class ConfigSource {
  readonly #root: Node;
  readonly #places: TextPlaces;
  /** Texts that may be `env:NAME` or `file:PATH`. */
  readonly secrets: readonly SecretSpot[];
  /** Keys of objects that were asked for. */
  readonly #keys = new WeakMap<Node, ReadonlyMap<unknown, Node | undefined>>();

  constructor(root: Node, parts: { readonly places: TextPlaces; readonly secrets: readonly SecretSpot[] }) {
    this.#root = root;
    this.#places = parts.places;
    this.secrets = parts.secrets;
  }

  /** Where a value is; the nearest thing around it, where it is absent. */
  readonly placeOf: PlaceOf = (path: ConfigPath): Place => this.#places.placeAt(this.nodeAt(path).offset);

  /** The node of a value; the nearest one around it, where it is absent. */
  nodeAt(path: ConfigPath): Node {
    let node = this.#root;
    for (const part of path) {
      const next = node.type === "array" && typeof part === "number"
        ? node.children?.[part]
        : node.type === "object"
        ? this.#keysOf(node).get(part)
        : undefined;
      if (next === undefined) return node;
      node = next;
    }
    return node;
  }

  #keysOf(node: Node): ReadonlyMap<unknown, Node | undefined> {
    const known = this.#keys.get(node);
    if (known !== undefined) return known;
    const keys = new Map<unknown, Node | undefined>();
    // Where a key is there twice, the first one counts, as for the reader.
    for (const { children: [key, value] = [] } of node.children ?? []) {
      if (key !== undefined && !keys.has(key.value)) keys.set(key.value, value);
    }
    this.#keys.set(node, keys);
    return keys;
  }
}
