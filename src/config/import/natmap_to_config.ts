import { formatEndpoint } from "../../core/endpoint.ts";
import { formatPortSpec } from "../../keeper/port_spec.ts";
import type { ForwardConfig, HookConfig, TunnelConfig } from "../config.ts";
import { ANNOUNCE_NOTE, became, leftOut } from "./config_text.ts";
import { NATMAP_SCRIPT_LIMIT_MS, type NatmapArgs } from "./natmap_args.ts";
import type { NatmapOption } from "./natmap_options.ts";

/** natmap's settings as a tunnel. */
export function natmapTunnel(args: NatmapArgs, name: string): TunnelConfig {
  const { family, interface: via, mark, intervalMs, stunServers, keepAliveHosts, script } = args;
  return {
    name,
    protocol: args.protocol,
    family: family === 6 ? 6 : undefined,
    bind: formatPortSpec(args.port),
    interface: via?.kind === "device" ? via.name : via?.address,
    mark,
    stun: stunServers.map(formatEndpoint),
    keepAlive: keepAliveHosts.length === 0 ? undefined : keepAliveHosts.map(formatEndpoint),
    interval: `${intervalMs / 1000}s`,
    forward: forwardOf(args),
    hooks: script === undefined ? undefined : [hookOf(script)],
  };
}

function forwardOf({ target, congestion, idleMs }: NatmapArgs): ForwardConfig | undefined {
  if (target === undefined) return undefined;
  return { target: formatEndpoint(target), congestion, idle: `${idleMs / 1000}s` };
}

/** A script that natmap runs with its six arguments; natmap never looks for it in PATH. */
function hookOf(script: string): HookConfig {
  const program = script.includes("/") ? script : `./${script}`;
  return { run: [program], style: "natmap", timeout: `${NATMAP_SCRIPT_LIMIT_MS / 1000}s` };
}

/** What is different everywhere, for the top of the file. */
export const NATMAP_NOTES: readonly string[] = [
  ANNOUNCE_NOTE,
  "Scripts run one at a time and only for the newest mapping; natmap starts them side by side.",
  'UDP tunnels watch the NAT by one connection to a built-in HTTP host as well, unless "keepAlive" names another.',
  "Relative paths count from this file's folder.",
];

/** What became of one option of natmap's command line. */
export function noteOfOption({ flag, value }: NatmapOption, args: NatmapArgs): string {
  const setting = value === undefined ? flag : `${flag} ${value}`;
  const [kind, words] = TRANSLATIONS[flag]?.(args) ?? ["left out", "porthole does not know it"];
  return kind === "ours" ? became(setting, words) : leftOut(setting, words);
}

type Translation = readonly ["ours" | "left out", string];

function key(path: string): () => Translation {
  return () => ["ours", path];
}

function ofForward(path: string): (args: NatmapArgs) => Translation {
  return ({ target }) => target === undefined ? ["left out", "nothing is forwarded"] : ["ours", path];
}

const TRANSLATIONS: Readonly<Record<string, (args: NatmapArgs) => Translation>> = {
  "-4": ({ family }) => family === 4 ? ["ours", "IPv4 is the default"] : ["left out", "-6 comes after it"],
  "-6": ({ family }) => family === 6 ? ["ours", '"family"'] : ["left out", "-4 comes after it"],
  "-u": key('"protocol"'),
  "-d": () => ["left out", "a service manager starts porthole; see contrib/"],
  "-i": key('"interface"'),
  "-k": key('"interval"'),
  "-c": ({ protocol }) =>
    protocol === "udp"
      ? ["left out", "porthole asks STUN at each interval, so that a mapping that moved is noticed at once"]
      : ["left out", "natmap looks at it over UDP only"],
  "-s": key('"stun"'),
  "--stun": key('"stun"'),
  "-h": key('"keepAlive"'),
  "--keep-alive": key('"keepAlive"'),
  "-e": key('"hooks", in the style "natmap"; one run may take an hour'),
  "-f": key('"mark"'),
  "-b": key('"bind"'),
  "-C": ofForward('"forward.congestion"'),
  "-T": ofForward('"forward.idle"'),
  "-t": key('"forward.target"'),
  "-p": key('"forward.target"'),
  "--json": () => ["left out", "it is a flag of porthole run"],
  "--foreground": () => ["left out", "porthole run never leaves the foreground"],
};
