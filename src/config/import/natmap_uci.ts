import { became, type ImportedConfig, type ImportedTunnel, leftOut } from "./config_text.ts";
import { readNatmapArgs } from "./natmap_args.ts";
import { NATMAP_NOTES, natmapTunnel } from "./natmap_to_config.ts";
import { splitWords } from "./shell_words.ts";
import { UniqueNames } from "./unique_name.ts";

/** What came of an OpenWrt configuration. */
export type UciReading =
  | { readonly kind: "imported"; readonly imported: ImportedConfig }
  | { readonly kind: "unknown"; readonly reason: string };

interface UciOption {
  readonly key: string;
  readonly value: string;
}

interface UciSection {
  readonly type: string;
  readonly label: string;
  readonly options: readonly UciOption[];
}

/** Whether a text is an OpenWrt configuration with sections of natmap's (or natmapt's, which has the same type). */
export function isNatmapUci(text: string): boolean {
  return /^[ \t]*config[ \t]+(['"]?)natmap\1(?![\w-])/m.test(text);
}

/**
 * Translates `/etc/config/natmap` of OpenWrt: each section of the type `natmap` becomes a tunnel, as the package's
 * init script makes a command line of it.
 *
 * @returns `unknown` if a section that is switched on lacks what natmap needs.
 */
export function readNatmapUci(text: string): UciReading {
  const notes = [...NATMAP_NOTES];
  const tunnels: ImportedTunnel[] = [];
  const names = new UniqueNames();
  for (const section of sectionsOf(text)) {
    if (section.type !== "natmap") {
      notes.push(leftOut(`section ${section.type} ${section.label}`, "it is not of the type natmap"));
      notes.push(...section.options.map((option) => leftOut(`  ${settingOf(option)}`, "its section is")));
      continue;
    }
    const tunnel = tunnelOf(section, names);
    if (typeof tunnel === "string") return { kind: "unknown", reason: `section ${section.label}: ${tunnel}` };
    tunnels.push(tunnel);
  }
  const source = "natmap on OpenWrt";
  return { kind: "imported", imported: { source, notes, config: {}, tunnels } };
}

function sectionsOf(text: string): readonly UciSection[] {
  const sections: (UciSection & { readonly options: UciOption[] })[] = [];
  for (const { words: [word, first = "", second] } of splitWords(text, "uci")) {
    if (word === "config") {
      sections.push({ type: first, label: second ?? `${sections.length + 1}`, options: [] });
    } else if (word === "option" || word === "list") {
      addOption(sections.at(-1)?.options ?? [], { key: first, value: second ?? "" }, word);
    }
  }
  return sections;
}

/** An option that is there twice has its last value; a list has them all. */
function addOption(options: UciOption[], option: UciOption, kind: "option" | "list"): void {
  const at = kind === "list" ? -1 : options.findIndex(({ key }) => key === option.key);
  if (at < 0) options.push(option);
  else options[at] = option;
}

/** @returns What is wrong with the section instead, if it is switched on. */
function tunnelOf(section: UciSection, names: UniqueNames): ImportedTunnel | string {
  const { label, options } = section;
  const isOn = (wanted: string): boolean => isTrue(options.findLast(({ key }) => key === wanted)?.value);
  const isEnabled = isOn("enable");
  const reading = readNatmapArgs(argvOf(options, isOn));
  const name = nameOf(section, names);
  const notes = [`natmap section ${label}:`, ...options.map((option) => `  ${noteOf(option)}`)];
  if (reading.kind === "args") {
    const tunnel = natmapTunnel(reading.args, name);
    return { notes, tunnel: isEnabled ? tunnel : { ...tunnel, enabled: false } };
  }
  if (isEnabled) return reading.reason;
  notes.push(`  It is switched off and not complete (${reading.reason}), so this is a bare tunnel.`);
  return { notes, tunnel: { name, enabled: false } };
}

function argvOf(options: readonly UciOption[], isOn: (key: string) => boolean): readonly string[] {
  const argv: string[] = [];
  if (isOn("udp_mode")) argv.push("-u");
  if (options.some(({ key, value }) => key === "family" && value === "ipv6")) argv.push("-6");
  else if (isOn("ipv6") && !isOn("ipv4")) argv.push("-6");
  for (const option of options) {
    const flag = FLAGS[option.key];
    if (flag === undefined || option.value === "" || isUsualNetwork(option)) continue;
    // Lists may name several servers; natmap itself takes one.
    const isFirst = options.find(({ key }) => key === option.key) === option;
    argv.push(isFirst ? flag : MORE[flag] ?? flag, option.value);
  }
  return argv;
}

const FLAGS: Readonly<Record<string, string>> = {
  interface: "-i",
  interval: "-k",
  stun_server: "-s",
  http_server: "-h",
  port: "-b",
  forward_target: "-t",
  forward_port: "-p",
  notify_script: "-e",
};

/** Flags of ours for the second and later values. */
const MORE: Readonly<Record<string, string>> = { "-s": "--stun", "-h": "--keep-alive" };

const OURS: Readonly<Record<string, string>> = {
  enable: '"enabled" (absent: off)',
  comment: '"name"',
  family: '"family"',
  ipv4: '"family"',
  ipv6: '"family"',
  udp_mode: '"protocol"',
  interval: '"interval"',
  stun_server: '"stun"',
  http_server: '"keepAlive"',
  port: '"bind"',
  forward_target: '"forward.target"',
  forward_port: '"forward.target"',
  notify_script: '"hooks", in the style "natmap"; one run may take an hour',
};

const NOT_OURS: Readonly<Record<string, string>> = {
  log_stdout: 'porthole logs to stderr; see "log"',
  log_stderr: 'porthole logs to stderr; see "log"',
};

function noteOf(option: UciOption): string {
  const setting = settingOf(option);
  const { key, value } = option;
  if (value === "") return leftOut(setting, "it is empty");
  if (isUsualNetwork(option)) return leftOut(setting, "the default route is the default");
  if (key === "interface") {
    return became(
      setting,
      '"interface"; OpenWrt means one of its networks: write the device of it, such as pppoe-wan',
    );
  }
  const ours = OURS[key];
  return ours === undefined ? leftOut(setting, NOT_OURS[key] ?? "no equivalent") : became(setting, ours);
}

/** OpenWrt's own names for the uplink are no devices, mostly. */
function isUsualNetwork({ key, value }: UciOption): boolean {
  return key === "interface" && (value === "wan" || value === "wan6");
}

function settingOf({ key, value }: UciOption): string {
  return `${key} '${value}'`;
}

/** natmapt's comment, or the section's name. */
function nameOf({ label, options }: UciSection, names: UniqueNames): string {
  const comment = options.findLast(({ key }) => key === "comment")?.value;
  return names.take(comment || (/^\d+$/.test(label) ? `natmap-${label}` : label), "natmap");
}

function isTrue(value: string | undefined): boolean {
  return ["1", "on", "true", "yes", "enabled"].includes(value?.toLowerCase() ?? "");
}
