import type { HostPort } from "../../../core/endpoint.ts";
import { hostPortReader } from "../../../config/values.ts";

/** Our own long flags; they go with the command lines of both generations. */
export interface OwnFlags {
  /** Instead of the built-in, configured or `-s` servers; empty: not given. */
  readonly stun: readonly HostPort[];
  /** Instead of the built-in, configured or `-h` host; empty: not given. */
  readonly keepAlive: readonly HostPort[];
  /** Our JSON event lines on stdout as well. */
  readonly json: boolean;
}

/** What {@linkcode takeOwnFlags} found. */
export type OwnFlagsReading =
  | { readonly kind: "flags"; readonly flags: OwnFlags; readonly rest: readonly string[] }
  | { readonly kind: "fault"; readonly message: string };

const SERVERS = [
  { flag: "--stun", key: "stun", read: hostPortReader(3478) },
  { flag: "--keep-alive", key: "keepAlive", read: hostPortReader(80) },
] as const;

/**
 * Takes our own flags (`--stun HOST[:PORT]`, `--keep-alive HOST[:PORT]`, both repeatable, `--json`) out of a Natter
 * command line, whichever generation's; `--flag=VALUE` too, abbreviations not. Pure.
 *
 * @returns What is left for Natter's own reading, in its order.
 */
export function takeOwnFlags(argv: readonly string[]): OwnFlagsReading {
  const found: { stun: HostPort[]; keepAlive: HostPort[]; json: boolean } = {
    stun: [],
    keepAlive: [],
    json: false,
  };
  const rest: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    const server = SERVERS.find(({ flag }) => word === flag || word.startsWith(`${flag}=`));
    if (word === "--json") found.json = true;
    else if (server === undefined) rest.push(word);
    else {
      const value = word === server.flag ? argv[++i] : word.slice(server.flag.length + 1);
      if (value === undefined) return fault(`argument ${server.flag}: expected one argument`);
      try {
        found[server.key].push(server.read(value));
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        return fault(`argument ${server.flag}: invalid server: '${value}'`);
      }
    }
  }
  return { kind: "flags", flags: found, rest };
}

function fault(message: string): OwnFlagsReading {
  return { kind: "fault", message };
}
