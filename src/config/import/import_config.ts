import type { ConfigFault } from "../config_fault.ts";
import { readSyntaxTree } from "../syntax_tree.ts";
import { CF_AIO_KEYS, readCfAio } from "./cf_aio.ts";
import { type ImportedConfig, leftOut, writeConfigText } from "./config_text.ts";
import { type ForeignScript, readNatmapCommand, readScript } from "./natmap_command.ts";
import { NATMAP_NOTES } from "./natmap_to_config.ts";
import { isNatmapUci, readNatmapUci } from "./natmap_uci.ts";
import { readNat1Config } from "./nat1_config.ts";
import { nat1ToConfig } from "./nat1_to_config.ts";
import { readNatterConfig } from "./natter_config.ts";
import { natterToConfig } from "./natter_to_config.ts";
import { UniqueNames } from "./unique_name.ts";

/** What came of a file of another program's. */
export type ImportResult =
  /** Our configuration, as JSON with comments that say what was translated how. */
  | { readonly kind: "imported"; readonly text: string }
  /** On one line: it is none of these, or it is one with faults. */
  | { readonly kind: "unknown"; readonly reason: string };

/** Options for {@linkcode importConfig}. */
export interface ImportOptions {
  /** Where the text came from, for the heading. */
  readonly fileName: string;
}

type Translation =
  | { readonly kind: "imported"; readonly imported: ImportedConfig }
  | { readonly kind: "unknown"; readonly reason: string };

/**
 * Translates natter-config.json (Natter 0.9), nat1_traversal's config.json, the POT scripts' cf-aio.conf, OpenWrt's `/etc/config/natmap`, or natmap
 * command lines in a shell script or systemd unit. What it is, its text decides. Total: any text gives a configuration
 * or the reason why not.
 */
export function importConfig(text: string, options: ImportOptions): ImportResult {
  const result = translate(text.replace(/^\uFEFF/, ""));
  // Words from the file must neither break the line nor steer the terminal.
  if (result.kind === "unknown") return { ...result, reason: result.reason.replace(/\p{Cc}+/gu, " ") };
  return { kind: "imported", text: writeConfigText(result.imported, options) };
}

function translate(text: string): Translation {
  if (/^\s*(?:\{|\/[/*])/.test(text)) return translateJson(text);
  if (isNatmapUci(text)) return readNatmapUci(text);
  const script = readScript(text);
  if (script.commands.length > 0) return translateScript(script);
  return unknown("it is neither of Natter, natmap nor nat1_traversal");
}

const NATTER_KEYS = ["logging", "status_report", "open_port", "forward_port", "stun_server", "keep_alive"];
const NAT1_KEYS = ["type", "dns", "sub_domain", "local", "remote", "proxy_protocol"];

function translateJson(text: string): Translation {
  const { root, faults } = readSyntaxTree(text);
  const keys = root?.type === "object"
    ? root.children?.map(({ children: [key] = [] }) => String(key?.value))
    : [];
  const hasAny = (known: readonly string[]): boolean => keys?.some((key) => known.includes(key)) ?? false;
  if (hasAny(["tunnels"])) return unknown("it is a configuration of porthole already");
  if (hasAny(NATTER_KEYS)) return translateNatter(text);
  if (hasAny(NAT1_KEYS)) return translateNat1(text);
  if (hasAny(CF_AIO_KEYS)) return attempt(() => readCfAio(text));
  const [first] = faults;
  if (first !== undefined) return unknown(`it is no JSON: ${first.message}`);
  return unknown("it has no key of natter-config.json, of nat1_traversal's config.json or of cf-aio.conf");
}

function translateNatter(text: string): Translation {
  const reading = readNatterConfig(text);
  if (reading.kind === "faults") return unknown(reading.faults.map(faultText).join("; "));
  return { kind: "imported", imported: natterToConfig(reading.config, reading.unknownKeys) };
}

function translateNat1(text: string): Translation {
  const reading = readNat1Config(text);
  if (reading.kind === "fault") return unknown(reading.message);
  return attempt(() => nat1ToConfig(reading.config, reading.unknownKeys));
}

/** What is wrong with a file is a `SyntaxError`. */
function attempt(read: () => ImportedConfig): Translation {
  try {
    return { kind: "imported", imported: read() };
  } catch (error) {
    if (error instanceof SyntaxError) return unknown(error.message);
    throw error;
  }
}

function faultText({ line, column, path, message }: ConfigFault): string {
  return `${line}:${column}: ${path === "" ? "" : `${path}: `}${message}`;
}

function translateScript({ commands, others }: ForeignScript): Translation {
  const names = new UniqueNames();
  const notes = [...NATMAP_NOTES];
  const tunnels = [];
  for (const command of commands) {
    const { line, words } = command.source;
    if (command.program === "natter") {
      if (commands.every(({ program }) => program === "natter")) return unknown(NATTER_LINES);
      notes.push(leftOut(`line ${line} (${words[0]} …)`, NATTER_LINES));
      continue;
    }
    const tunnel = readNatmapCommand(command, names.take(`natmap-${tunnels.length + 1}`, "natmap"));
    if (typeof tunnel === "string") return unknown(`line ${line}: ${tunnel}`);
    tunnels.push(tunnel);
  }
  for (const { line, words } of others) {
    // Only what it runs: its arguments may hold a token.
    notes.push(leftOut(`line ${line} (${words[0]?.replace(/=.*/s, "=")} …)`, "it does not run natmap"));
  }
  return { kind: "imported", imported: { source: "natmap command lines", notes, config: {}, tunnels } };
}

const NATTER_LINES = "command lines of Natter are not translated; porthole natter takes them as they are";

function unknown(reason: string): Translation {
  return { kind: "unknown", reason };
}
