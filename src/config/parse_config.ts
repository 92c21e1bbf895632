import * as v from "valibot";
import type { Config } from "./config.ts";
import { type ConfigFault, type ConfigPath, formatPath, inSourceOrder, MOST_FAULTS } from "./config_fault.ts";
import { ConfigSource } from "./config_source.ts";
import { issueFaults } from "./issue_faults.ts";
import { configSchema } from "./schema.ts";
import { viewOf } from "./schema_view.ts";
import { readSyntaxTree } from "./syntax_tree.ts";
import { TextPlaces } from "./text_places.ts";
import { readTree } from "./tree_reader.ts";

/** A configuration, and where each part of it stands. */
export interface SourcedConfig {
  readonly config: Config;
  readonly source: ConfigSource;
}

/** What {@linkcode parseConfig} gives. */
export type ParsedConfig =
  | ({ readonly kind: "config" } & SourcedConfig)
  | {
    readonly kind: "faults";
    /** At least one, in the order of the text. */
    readonly faults: readonly ConfigFault[];
    /**
     * What is left without the tunnels (now `enabled: false`, so that indices stay) and parts that are wrong: to look
     * for more faults in, never to be run. Absent where the syntax is broken.
     */
    readonly sound?: SourcedConfig | undefined;
  };

interface FoundFault {
  readonly path: ConfigPath;
  readonly offset: number;
  readonly message: string;
}

/**
 * Parses a configuration: JSON with comments and trailing commas, with or without a byte order mark. Total: any text
 * gives a configuration or its faults, all of them at once. Where the syntax is broken, only what stands before the
 * first mistake is looked at, as nothing behind it is certain.
 */
export function parseConfig(text: string): ParsedConfig {
  const body = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const places = new TextPlaces(body);
  const syntax = readSyntaxTree(body);
  const broken = syntax.faults.map((fault): FoundFault => ({ ...fault, path: [] }));
  const { root } = syntax;
  if (root === undefined) return refused(broken, places);
  const tree = readTree(root, viewOf(configSchema));
  const source = new ConfigSource(root, { places, secrets: tree.secrets });
  const { config, faults } = validate(tree.value, source);
  // What the reader took out is told already; the validator may miss it.
  const told = new Set(tree.faults.map(({ path }) => formatPath(path)));
  const found = [...tree.faults, ...faults.filter(({ path }) => !told.has(formatPath(path)))];
  const firstBroken = broken[0]?.offset;
  if (firstBroken !== undefined) {
    const certain = found.filter((fault) => endOf(fault, source) < firstBroken);
    return refused([...certain, ...broken], places);
  }
  if (config !== undefined && found.length === 0) return { kind: "config", config, source };
  return refused(found, places, { config: config ?? soundPart(tree.value, faults), source });
}

function refused(
  found: readonly FoundFault[],
  places: TextPlaces,
  sound?: { readonly config: Config | undefined; readonly source: ConfigSource },
): ParsedConfig {
  const faults = inSourceOrder(found.map(({ path, offset, message }) => ({
    path: formatPath(path),
    ...places.placeAt(offset),
    message,
  })));
  const first = faults[MOST_FAULTS];
  const shown = first === undefined ? faults : [
    ...faults.slice(0, MOST_FAULTS),
    { ...first, path: "", message: `more than ${MOST_FAULTS} faults; the others are not shown` },
  ];
  const config = sound?.config;
  return {
    kind: "faults",
    faults: shown,
    sound: sound === undefined || config === undefined ? undefined : { config, source: sound.source },
  };
}

interface Validated {
  readonly config?: Config;
  readonly faults: readonly FoundFault[];
}

function validate(value: unknown, source: ConfigSource): Validated {
  const result = v.safeParse(configSchema, value, { abortPipeEarly: true });
  if (result.success) return { config: result.output, faults: [] };
  const faults = result.issues.flatMap((issue) => issueFaults(issue));
  return { faults: faults.map((fault) => ({ ...fault, offset: source.nodeAt(fault.path).offset })) };
}

/** Where the thing ends that a fault is about; what was never closed ends where that is told, or never. */
function endOf(fault: FoundFault, source: ConfigSource): number {
  const { offset, length } = source.nodeAt(fault.path);
  // An unknown key is told at the key, wherever its value ends.
  if (fault.offset !== offset) return fault.offset;
  return length < 0 ? Infinity : offset + length;
}

/** Takes out what is wrong: whole tunnels, and whole parts of the file. */
function soundPart(value: unknown, faults: readonly FoundFault[]): Config | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const rest: Record<string, unknown> = { tunnels: [], ...value };
  const tunnels: unknown[] = Array.isArray(rest["tunnels"]) ? [...rest["tunnels"]] : [];
  for (const { path: [part, index] } of faults) {
    if (part === "tunnels") {
      if (typeof index === "number") tunnels[index] = { enabled: false };
    } else if (part !== undefined) delete rest[part];
  }
  for (const [key, part] of Object.entries(rest)) if (part === undefined) delete rest[key];
  const result = v.safeParse(configSchema, { ...rest, tunnels });
  return result.success ? result.output : undefined;
}
