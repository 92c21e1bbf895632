import { canonicalName } from "../core/domain_name.ts";
import type { Protocol } from "../core/mapping.ts";

/** A service to be found, as records name it. */
export interface Service {
  /** As it was written. */
  readonly text: string;
  /** What it runs over. */
  readonly protocol: Protocol;
  /** Its key in POT content; `undefined` for the presets that name no service. */
  readonly potKey: string | undefined;
  /** What is put before the name for SRV (RFC 2782), in the order of the questions. */
  readonly srvPrefixes: readonly string[];
  /**
   * What is put before the name for HTTPS and SVCB: nothing for HTTPS, `_scheme.` for SVCB (RFC 9460, section 2.3).
   */
  readonly svcb: { readonly type: "HTTPS" | "SVCB"; readonly prefix: string } | undefined;
  /** Where it usually is; `undefined` if it is not a known one. */
  readonly defaultPort: number | undefined;
}

/** Where services are when nobody says otherwise (IANA, and what players expect). */
const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  ftp: 21,
  ssh: 22,
  sftp: 22,
  http: 80,
  web: 80,
  https: 443,
  rdp: 3389,
  vnc: 5900,
  minecraft: 25_565,
  mcje: 25_565,
  mcbe: 19_132,
};

/** The record names of nat1_traversal's types. */
const PRESETS: Readonly<Record<string, { readonly protocol: Protocol; readonly srv: string }>> = {
  mcje: { protocol: "tcp", srv: "_minecraft._tcp." },
  mcbe: { protocol: "udp", srv: "_minecraft._udp." },
  tcp: { protocol: "tcp", srv: "_tcp." },
  udp: { protocol: "udp", srv: "_udp." },
};

const WEB: ReadonlySet<string> = new Set(["web", "http", "https"]);

/**
 * Reads what users call a service: a key `ssh_tcp`, a name `ssh`, a prefix `_minecraft._tcp`, or a preset (`mcje`,
 * `mcbe`, `web`, `tcp`, `udp`).
 *
 * @param protocol For a name alone. @default {"tcp"}
 * @throws {SyntaxError} If it is none, or says another protocol.
 */
export function parseService(text: string, protocol?: Protocol): Service {
  const lower = text.toLowerCase();
  const preset = Object.hasOwn(PRESETS, lower) ? PRESETS[lower] : undefined;
  if (preset !== undefined) {
    return presetOf(lower, { ...preset, protocol: agreed(text, preset.protocol, protocol) });
  }
  const [, name = lower, said] = /^_([a-z0-9-]+)\._(tcp|udp)$/.exec(lower) ??
    /^([a-z0-9][a-z0-9-]*)_(tcp|udp)$/.exec(lower) ?? [];
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) throw refused(text);
  return named(text, name, agreed(text, said as Protocol | undefined, protocol));
}

/** The owner names of a service's SRV records below a name; a name that is one itself stands for itself. Pure. */
export function srvOwners(name: string, service: Service | undefined): readonly string[] {
  if (/^_/.test(name)) return [name];
  return (service?.srvPrefixes ?? []).flatMap((prefix) => tryName(`${prefix}${name}`));
}

/** The owner name of a service's HTTPS or SVCB record, and which of both. Pure. */
export function svcbOwner(
  name: string,
  service: Service | undefined,
): { readonly type: "HTTPS" | "SVCB"; readonly owner: string } | undefined {
  const { type, prefix } = service === undefined
    ? { type: "HTTPS" as const, prefix: "" }
    : service.svcb ?? {};
  const [owner] = prefix === undefined ? [] : tryName(`${prefix}${name}`);
  return type === undefined || owner === undefined ? undefined : { type, owner };
}

function named(text: string, name: string, protocol: Protocol): Service {
  const isWeb = WEB.has(name) && protocol === "tcp";
  return {
    text,
    protocol,
    potKey: `${name}_${protocol}`,
    srvPrefixes: isWeb ? ["_web._tcp.", `_${name}._tcp.`].filter(isFirst) : [`_${name}._${protocol}.`],
    svcb: isWeb ? { type: "HTTPS", prefix: "" } : { type: "SVCB", prefix: `_${name}.` },
    defaultPort: DEFAULT_PORTS[name],
  };
}

function presetOf(name: string, { protocol, srv }: { protocol: Protocol; srv: string }): Service {
  const isGeneric = name === "tcp" || name === "udp";
  return {
    text: name,
    protocol,
    potKey: isGeneric ? undefined : `${name}_${protocol}`,
    srvPrefixes: [srv],
    svcb: undefined,
    defaultPort: DEFAULT_PORTS[name],
  };
}

function agreed(text: string, said: Protocol | undefined, asked: Protocol | undefined): Protocol {
  if (said !== undefined && asked !== undefined && said !== asked) throw refused(text);
  return said ?? asked ?? "tcp";
}

function isFirst<T>(value: T, index: number, all: readonly T[]): boolean {
  return all.indexOf(value) === index;
}

/** Together it may be too long. */
function tryName(text: string): readonly string[] {
  try {
    return [canonicalName(text)];
  } catch {
    // No record can be there.
    return [];
  }
}

function refused(text: string): SyntaxError {
  return new SyntaxError(`Cannot use service "${text.slice(0, 100)}"`);
}
