import type { Config, TunnelConfig } from "../config.ts";

/** A tunnel as it was translated. */
export interface ImportedTunnel {
  /** Said in comments above it, a line each. */
  readonly notes: readonly string[];
  readonly tunnel: TunnelConfig;
}

/** A foreign configuration in our words. */
export interface ImportedConfig {
  /** What it was. */
  readonly source: string;
  /** Said in comments at the top, a line each. */
  readonly notes: readonly string[];
  /** Everything but the tunnels. */
  readonly config: Omit<Config, "tunnels" | "$schema">;
  readonly tunnels: readonly ImportedTunnel[];
}

/** True of all foreign programs. */
export const ANNOUNCE_NOTE =
  'Where this NAT shuts strangers out, porthole announces nothing, unless the tunnel has "force": true.';

/** What became of one foreign setting. */
export function became(setting: string, ours: string): string {
  return `${setting}  ->  ${ours}`;
}

/** A foreign setting that is left out, and why. */
export function leftOut(setting: string, reason: string): string {
  return `${setting}  ->  left out: ${reason}`;
}

/** Writes a translated configuration as JSON with comments; `fileName` is where it came from. */
export function writeConfigText(imported: ImportedConfig, options: { readonly fileName: string }): string {
  const { source, notes, config, tunnels } = imported;
  const members = Object.entries({ $schema: "./porthole.schema.json", ...config })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value, undefined, 2)}`);
  const entries = tunnels.map((entry) =>
    [...entry.notes.map(comment), JSON.stringify(entry.tunnel, undefined, 2)].join("\n")
  );
  const list = entries.length === 0 ? '"tunnels": []' : `"tunnels": [\n${indent(entries.join(",\n"))}\n]`;
  return [
    comment(`Translated by "porthole config import" from ${options.fileName}: ${source}.`),
    ...notes.map(comment),
    "{",
    indent([...members, list].join(",\n")),
    "}",
    "",
  ].join("\n");
}

/** Foreign words must not end the comment. */
function comment(text: string): string {
  return `// ${text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ")}`;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
