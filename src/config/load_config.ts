import { dirname, resolve } from "node:path";
import type { Secret } from "../core/secret.ts";
import type { Config } from "./config.ts";
import {
  type ConfigFault,
  type ConfigPath,
  formatPath,
  inSourceOrder,
  type PlaceOf,
} from "./config_fault.ts";
import { decodeConfig, MOST_CONFIG_BYTES } from "./decode_config.ts";
import { parseConfig, type SourcedConfig } from "./parse_config.ts";
import {
  type FileTrouble,
  type ReadFile,
  readSecret,
  reasonOf,
  secretFileOf,
  type SecretReading,
  troubleOf,
} from "./secrets.ts";
import type { ConfigSource } from "./config_source.ts";
import type { SecretSpot } from "./tree_reader.ts";

/** What {@linkcode loadConfig} reads with. */
export interface LoadConfigOptions {
  /** Reads a file up to a limit. */
  readonly readFile: ReadFile;
  /** Reads an environment variable. */
  readonly readEnv: (name: string) => string | undefined;
}

/** A configuration with everything that the planner needs. */
export interface LoadedConfig {
  readonly config: Config;
  /** Folder of the file, absolute; relative paths start here. */
  readonly directory: string;
  /** The secret behind a text of the configuration; `undefined` if it could not be read, which is told already. */
  readonly secretOf: (text: string) => Secret | undefined;
  /** Where something stands in the file. */
  readonly placeOf: PlaceOf;
  /** Absolute paths of the files that secrets came from; a reload may be due when one changes. */
  readonly secretFiles: readonly string[];
}

/** What {@linkcode loadConfig} gives. */
export type ConfigLoading =
  | ({ readonly kind: "config" } & LoadedConfig)
  | {
    readonly kind: "faults";
    readonly faults: readonly ConfigFault[];
    /** See {@linkcode parseConfig}: for finding more faults, never to be run. */
    readonly sound?: LoadedConfig | undefined;
  }
  | {
    readonly kind: "unreadable";
    readonly trouble: FileTrouble;
    /** For people: `no such file`, `permission denied`, … */
    readonly reason: string;
  };

/**
 * Reads a configuration file, checks it and reads its secrets; those of tunnels that are not enabled are left alone.
 * Never rejects for what is in the file, or for a file that cannot be read.
 */
export async function loadConfig(path: string, options: LoadConfigOptions): Promise<ConfigLoading> {
  let bytes: Uint8Array;
  try {
    bytes = await options.readFile(path, MOST_CONFIG_BYTES);
  } catch (error) {
    return { kind: "unreadable", trouble: troubleOf(error), reason: reasonOf(error) };
  }
  const decoded = decodeConfig(bytes);
  if (decoded.kind === "fault") return { kind: "faults", faults: [decoded.fault] };
  const parsed = parseConfig(decoded.text);
  const sourced = parsed.kind === "config" ? parsed : parsed.sound;
  const known = parsed.kind === "config" ? [] : parsed.faults;
  if (sourced === undefined) return { kind: "faults", faults: known };
  const { loaded, faults } = await loadSecrets(sourced, { ...options, directory: dirname(resolve(path)) });
  const all = inSourceOrder([...known, ...faults]);
  return all.length === 0 ? { kind: "config", ...loaded } : { kind: "faults", faults: all, sound: loaded };
}

async function loadSecrets(
  { config, source }: SourcedConfig,
  sources: LoadConfigOptions & { readonly directory: string },
): Promise<{ readonly loaded: LoadedConfig; readonly faults: readonly ConfigFault[] }> {
  const { directory } = sources;
  const spots = source.secrets.filter(({ text, path }) => text !== "" && isUsed(path, source));
  const readings = await readAll(spots, sources);
  const faults = spots.flatMap((spot): ConfigFault[] => {
    const { path } = spot;
    const reading = readings.get(keyOf(spot));
    if (reading?.kind !== "fault") return [];
    return [{ path: formatPath(path), ...source.placeOf(path), message: reading.reason }];
  });
  const loaded: LoadedConfig = {
    config,
    directory,
    secretOf: (text) => {
      const found = [false, true].map((hasLines) => readings.get(keyOf({ text, hasLines })));
      return found.find((reading) => reading?.kind === "secret")?.secret;
    },
    placeOf: source.placeOf,
    secretFiles: [...new Set(spots.map(({ text }) => secretFileOf(text, directory)))]
      .filter((file) => file !== undefined),
  };
  return { loaded, faults };
}

/** Each text once, in turn: hundreds of tunnels share a token, and files are small. */
async function readAll(
  spots: readonly SecretSpot[],
  sources: LoadConfigOptions & { readonly directory: string },
): Promise<ReadonlyMap<string, SecretReading>> {
  const readings = new Map<string, SecretReading>();
  for (const spot of spots) {
    const { text, hasLines } = spot;
    const key = keyOf(spot);
    if (!readings.has(key)) readings.set(key, await readSecret(text, { ...sources, hasLines }));
  }
  return readings;
}

/** What is a body in one place may be a token in another. */
function keyOf({ text, hasLines }: Pick<SecretSpot, "text" | "hasLines">): string {
  return JSON.stringify([text, hasLines]);
}

/** Who switched a tunnel off need not have its token at hand. */
function isUsed([part, index]: ConfigPath, source: ConfigSource): boolean {
  return part !== "tunnels" || index === undefined ||
    source.nodeAt([part, index, "enabled"]).value !== false;
}
