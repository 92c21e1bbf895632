import { type Family, familyOf, type HostPort, parseHostPort, parsePort } from "../../core/endpoint.ts";
import { errorMessage } from "../../core/errors.ts";
import type { Protocol } from "../../core/mapping.ts";
import { DEFAULT_TCP_IDLE_MS } from "../../forward/options.ts";
import { parsePortSpec, type PortSpec } from "../../keeper/port_spec.ts";
import { hostPortReader, type InterfaceSpec, parseCongestion, parseInterface } from "../values.ts";
import { type NatmapOption, splitNatmapOptions } from "./natmap_options.ts";

/** natmap's command line, with its defaults. */
export interface NatmapArgs {
  readonly family: Family;
  readonly protocol: Protocol;
  /** Start again in a session of its own, and return. */
  readonly isDaemon: boolean;
  readonly port: PortSpec;
  readonly interface: InterfaceSpec | undefined;
  readonly mark: number | undefined;
  readonly intervalMs: number;
  /** UDP: natmap asks STUN every so many intervals. */
  readonly stunCycle: number;
  /** At least one: `-s`, then each `--stun`. */
  readonly stunServers: readonly HostPort[];
  /** At least one over TCP: `-h`, then each `--keep-alive`. */
  readonly keepAliveHosts: readonly HostPort[];
  /** Path as typed. */
  readonly script: string | undefined;
  readonly congestion: string | undefined;
  readonly idleMs: number;
  /** Port 0: the external port. */
  readonly target: HostPort | undefined;
  /** JSON lines on stdout instead of natmap's line. */
  readonly isJson: boolean;
  /** Our checks of the NAT decide what is announced, because `--stun` was given; natmap announces anything. */
  readonly isChecked: boolean;
}

/** What came of a command line. */
export type NatmapReading =
  | {
    readonly kind: "args";
    readonly args: NatmapArgs;
    /** Every option, as it stood. */
    readonly options: readonly NatmapOption[];
    /** What was typed and has no effect, a line each. */
    readonly warnings: readonly string[];
  }
  | { readonly kind: "usage"; readonly reason: string };

/** natmap waits for no script and limits none; scripts that retry DNS APIs for many minutes are in use. */
export const NATMAP_SCRIPT_LIMIT_MS = 3_600_000;
/** natmap's limit for the connection to a forward target. */
export const NATMAP_CONNECT_LIMIT_MS = 30_000;

/** An interval beyond an hour holds no mapping. */
const MOST_INTERVAL_SECONDS = 3600;
const MOST_IDLE_SECONDS = 604_800;
const MOST_CYCLE = 1_000_000;

/**
 * Reads natmap's command line (20260214), and `--stun HOST[:PORT]`, `--keep-alive HOST[:PORT]`, `--json` and
 * `--foreground` of ours. The last of repeated options wins, as there; the first two add up.
 */
export function readNatmapArgs(argv: readonly string[]): NatmapReading {
  const words = splitNatmapOptions(argv);
  if (words.kind === "usage") return { kind: "usage", reason: onOneLine(words.reason) };
  const { options, rest } = words;
  const warnings = rest.map((word) => onOneLine(`"${word}" belongs to no option and is ignored`));
  try {
    const args = argsOf(new Options(options), warnings);
    return { kind: "args", args, options, warnings };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: "usage", reason: onOneLine(error.message) };
  }
}

/** Words from outside must neither break the line nor steer the terminal. */
function onOneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}

/** Looks options up by their flag. */
class Options {
  readonly #options: readonly NatmapOption[];

  constructor(options: readonly NatmapOption[]) {
    this.#options = options;
  }

  has(flag: string): boolean {
    return this.#options.some((option) => option.flag === flag);
  }

  /** The last value; `undefined` also for an empty one. */
  value(flag: string): string | undefined {
    return this.#options.findLast((option) => option.flag === flag)?.value || undefined;
  }

  all(flag: string): readonly string[] {
    return this.#options.filter((option) => option.flag === flag).map(({ value = "" }) => value);
  }

  /** The last of several flags that exclude each other. */
  last(...flags: readonly string[]): string | undefined {
    return this.#options.findLast(({ flag }) => flags.includes(flag))?.flag;
  }
}

function argsOf(options: Options, warnings: string[]): NatmapArgs {
  const family = options.last("-4", "-6") === "-6" ? 6 : 4;
  const protocol = options.has("-u") ? "udp" : "tcp";
  const seconds = amount(options.value("-k"), MOST_INTERVAL_SECONDS) ?? (protocol === "tcp" ? 30 : 10);
  const idle = amount(options.value("-T"), MOST_IDLE_SECONDS);
  const forced = options.all("--stun");
  return {
    family,
    protocol,
    isDaemon: options.has("-d") && !options.has("--foreground"),
    port: parsePortSpec(plainDigits(options.value("-b") ?? "0")),
    interface: interfaceOf(options.value("-i"), family),
    mark: markOf(options.value("-f")),
    intervalMs: seconds * 1000,
    stunCycle: amount(options.value("-c"), MOST_CYCLE) ?? 10,
    stunServers: serversOf(options, forced),
    keepAliveHosts: hostsOf(options, protocol),
    script: options.value("-e"),
    congestion: congestionOf(options.value("-C"), warnings),
    idleMs: idle === undefined ? DEFAULT_TCP_IDLE_MS : idle * 1000,
    target: targetOf(options),
    isJson: options.has("--json"),
    isChecked: forced.length > 0,
  };
}

function serversOf(options: Options, more: readonly string[]): readonly HostPort[] {
  const first = options.value("-s");
  if (first === undefined && more.length === 0) throw new SyntaxError("option -s is missing");
  return [...(first === undefined ? [] : [first]), ...more].map(hostPortReader(3478));
}

function hostsOf(options: Options, protocol: Protocol): readonly HostPort[] {
  const first = options.value("-h");
  const more = options.all("--keep-alive");
  if (protocol === "tcp" && first === undefined && more.length === 0) {
    throw new SyntaxError("option -h is missing; only UDP (-u) can do without");
  }
  return [...(first === undefined ? [] : [first]), ...more].map(hostPortReader(80));
}

function interfaceOf(text: string | undefined, family: Family): InterfaceSpec | undefined {
  if (text === undefined) return undefined;
  const spec = parseInterface(text);
  if (spec.kind === "address" && familyOf(spec.address) !== family) {
    throw new SyntaxError(`Cannot use "${text}": it is no IPv${family} address`);
  }
  return spec;
}

/**
 * Reads a count as strtoul(3) does: leading digits.
 *
 * @returns At most `most`; `undefined` (the default holds) for 0, words and negative numbers.
 */
function amount(text: string | undefined, most: number): number | undefined {
  const value = Number(/^\s*\+?(\d+)/.exec(text ?? "")?.[1] ?? 0);
  return value === 0 ? undefined : Math.min(value, most);
}

/** A number in C's syntax: `0x` hex, a leading `0` octal. 0 is no mark. */
function markOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const octal = /^0([0-7]{1,11})$/.exec(text)?.[1];
  const plain = /^(0x[\da-f]{1,8}|0|[1-9]\d{0,9})$/i.test(text) ? Number(text) : NaN;
  const mark = octal === undefined ? plain : parseInt(octal, 8);
  if (!(mark <= 0xffff_ffff)) throw new SyntaxError(`Cannot parse mark "${text}"`);
  return mark === 0 ? undefined : mark;
}

function congestionOf(name: string | undefined, warnings: string[]): string | undefined {
  if (name === undefined) return undefined;
  try {
    return parseCongestion(name);
  } catch (error) {
    // natmap goes on with the system's own as well.
    warnings.push(onOneLine(errorMessage(error)));
    return undefined;
  }
}

/** C reads `080` as 80. */
function plainDigits(text: string): string {
  return text.replace(/\b0+(?=\d)/g, "");
}

function targetOf(options: Options): HostPort | undefined {
  const host = options.value("-t");
  const portText = options.value("-p");
  if (host === undefined && portText === undefined) return undefined;
  if (host === undefined) throw new SyntaxError("option -p needs -t");
  if (portText === undefined) throw new SyntaxError("option -t needs -p");
  const port = parsePort(plainDigits(portText));
  if (port === undefined) throw new SyntaxError(`Cannot parse port "${portText}"`);
  const spec = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return parseHostPort(`${spec}:${port}`);
}
