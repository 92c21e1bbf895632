import type { HostPort } from "../../../core/endpoint.ts";
import { type ArgparseOption, type FoundOption, readArgparse } from "./argparse.ts";
import { expandIpv4 } from "../../../config/import/short_ipv4.ts";
import { readIpv4, readPort, readPositive, readServer } from "./natter2_values.ts";
import { Natter2ValueError } from "./natter2_values.ts";

/** Natter 2's forward methods. */
export const NATTER2_METHODS = [
  "none",
  "test",
  "iptables",
  "iptables-snat",
  "sudo-iptables",
  "sudo-iptables-snat",
  "nftables",
  "nftables-snat",
  "sudo-nftables",
  "sudo-nftables-snat",
  "socat",
  "gost",
  "socket",
] as const;

/** How Natter 2 forwards. */
export type Natter2Method = typeof NATTER2_METHODS[number];

/** A program to run when the mapping is new or another one. */
export interface Natter2Script {
  /** Path as typed. */
  readonly path: string;
  /** POT: the service's name after `-key`. */
  readonly key: string | undefined;
}

/** A command line of Natter 2 with its defaults. */
export interface Natter2Args {
  /** There was no argument at all. */
  readonly isBare: boolean;
  readonly isVerbose: boolean;
  /** `-q` */
  readonly endsOnChange: boolean;
  readonly protocol: "tcp" | "udp";
  readonly usesUpnp: boolean;
  readonly intervalSeconds: number;
  /** Empty: the built-in list. */
  readonly stunServers: readonly HostPort[];
  /** `undefined`: the built-in list. */
  readonly keepAlive: HostPort | undefined;
  readonly scripts: readonly Natter2Script[];
  /** An address, or a device's name; `undefined`: any. */
  readonly bind: { readonly address: string } | { readonly device: string } | undefined;
  /** 0: any. */
  readonly bindPort: number;
  readonly method: Natter2Method;
  /** `undefined`: our own address. */
  readonly targetAddress: string | undefined;
  /** 0: the public port. */
  readonly targetPort: number;
  /** `-r` */
  readonly waitsForTarget: boolean;
}

/** What a command line of Natter 2 asks for. */
export type Natter2Reading =
  | { readonly kind: "run"; readonly args: Natter2Args }
  | { readonly kind: "help" | "version" | "check" }
  /** argparse's complaint, status 2. */
  | { readonly kind: "usage-error"; readonly message: string }
  /** What Natter says after `ValueError: `, status 1. */
  | { readonly kind: "value-error"; readonly message: string };

/** Options for {@linkcode readNatter2Args}. */
export interface Natter2ArgsOptions {
  /** Whether this is an existing file. */
  readonly isFile: (path: string) => boolean;
}

const OPTIONS: readonly ArgparseOption[] = [
  { names: ["--version", "-V"], value: "none", isFinal: true },
  { names: ["--help"], value: "none", isFinal: true },
  { names: ["--check"], value: "none" },
  ...(["-v", "-q", "-u", "-U", "-r"] as const).map((name) => ({ names: [name], value: "none" } as const)),
  ...(["-k", "-b", "-p"] as const).map((name) => ({ names: [name], value: "int" } as const)),
  ...(["-s", "-h", "-e", "-i", "-m", "-t"] as const).map((
    name,
  ) => ({ names: [name], value: "text" } as const)),
];

/**
 * Reads a command line of Natter 2, with the `-key NAME SCRIPT` of the POT scripts, which is looked for first
 * because argparse would take it for `-k ey`. Pure but for `isFile`.
 */
export function readNatter2Args(words: readonly string[], options: Natter2ArgsOptions): Natter2Reading {
  const pot = takePot(words);
  const reading = readArgparse(pot.rest, OPTIONS);
  if (reading.kind === "final") return { kind: reading.name === "--help" ? "help" : "version" };
  if (reading.kind === "error") return { kind: "usage-error", message: reading.message };
  if (reading.found.some(({ name }) => name === "--check")) return { kind: "check" };
  try {
    const args = readValues(reading.found, { ...options, key: pot.key, keyScript: pot.script });
    return { kind: "run", args: { ...args, isBare: words.length === 0 } };
  } catch (error) {
    if (!(error instanceof Natter2ValueError)) throw error;
    return { kind: "value-error", message: error.message };
  }
}

interface Pot {
  readonly rest: readonly string[];
  readonly key?: string;
  readonly script?: string;
}

/** Without two values after it `-key` is argparse's business. */
function takePot(words: readonly string[]): Pot {
  const at = words.indexOf("-key");
  const [key, script] = at < 0 ? [] : words.slice(at + 1, at + 3);
  if (key === undefined || script === undefined || key.startsWith("-") || script.startsWith("-")) {
    return { rest: words };
  }
  return { rest: words.toSpliced(at, 3), key, script };
}

interface ValueOptions extends Natter2ArgsOptions {
  readonly key: string | undefined;
  readonly keyScript: string | undefined;
}

function readValues(found: readonly FoundOption[], options: ValueOptions): Omit<Natter2Args, "isBare"> {
  const has = (name: string): boolean => found.some((option) => option.name === name);
  /** As in argparse the last one counts. */
  const last = (name: string): string | undefined => found.findLast((option) => option.name === name)?.text;
  const protocol = has("-u") ? "udp" : "tcp";
  const keepAlive = last("-h");
  const target = readIpv4(last("-t") ?? "0.0.0.0");
  return {
    isVerbose: has("-v"),
    endsOnChange: has("-q"),
    protocol,
    usesUpnp: has("-U"),
    intervalSeconds: readPositive(last("-k") ?? "15"),
    stunServers: found.filter(({ name }) => name === "-s").map(({ text }) => readServer(text, 3478)),
    keepAlive: keepAlive === undefined ? undefined : readServer(keepAlive, protocol === "tcp" ? 80 : 53),
    scripts: readScripts(last("-e"), options),
    bind: readBind(last("-i")),
    bindPort: readPort(last("-b") ?? "0"),
    method: readMethod(last("-m")) ?? defaultMethod(has),
    targetAddress: isOwnAddress(target) ? undefined : target,
    targetPort: readPort(last("-p") ?? "0"),
    waitsForTarget: has("-r"),
  };
}

/** Both words mean the own LAN address to Natter. */
function isOwnAddress(address: string): boolean {
  return address === "0.0.0.0" || address === "127.0.0.1";
}

function readScripts(path: string | undefined, options: ValueOptions): readonly Natter2Script[] {
  const { isFile, key, keyScript } = options;
  const scripts = [
    ...(path === undefined ? [] : [{ path, key: undefined }]),
    ...(keyScript === undefined ? [] : [{ path: keyScript, key }]),
  ];
  const missing = scripts.find((script) => !isFile(script.path));
  if (missing !== undefined) throw new Natter2ValueError(`File not found: ${missing.path}`);
  return scripts;
}

function readBind(text: string | undefined): Natter2Args["bind"] {
  if (text === undefined) return undefined;
  const address = expandIpv4(text);
  if (address !== undefined) return address === "0.0.0.0" ? undefined : { address };
  // IFNAMSIZ - 1; what is longer can be neither.
  if (!/^[^\s/\p{Cc}]{1,15}$/u.test(text)) throw new Natter2ValueError(`Invalid IP address: ${text}`);
  return { device: text };
}

function readMethod(text: string | undefined): Natter2Method | undefined {
  if (text === undefined) return undefined;
  const method = NATTER2_METHODS.find((known) => known === text);
  if (method === undefined) throw new Natter2ValueError(`Unknown method name: ${text}`);
  return method;
}

function defaultMethod(has: (name: string) => boolean): Natter2Method {
  if (has("-t") || has("-p")) return "socket";
  return has("-b") || has("-i") ? "none" : "test";
}
