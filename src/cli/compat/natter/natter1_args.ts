import { canonicalAddress, familyOf, parsePort } from "../../../core/endpoint.ts";

/** A command line of Natter 0.9; port 0 takes any. */
export type Natter1Args =
  | {
    readonly kind: "punch";
    readonly address: string;
    readonly port: number;
    /** `-t`: serve the test page. */
    readonly servesTestPage: boolean;
    readonly isVerbose: boolean;
  }
  | {
    readonly kind: "check-nat";
    readonly address: string;
    readonly port: number;
    readonly isVerbose: boolean;
  }
  | { readonly kind: "config"; readonly file: string }
  /** Whatever is no such line: Natter prints its usage and ends with 0. */
  | { readonly kind: "usage" };

/** What Natter 0.9 prints for a line it does not understand. */
export const NATTER1_USAGE: readonly string[] = [
  "Usage: python natter.py [-v] [-t] [SRC_IP] SRC_PORT",
  "       python natter.py --check-nat [SRC_IP] SRC_PORT",
  "       python natter.py --check-nat",
  "       python natter.py -c config_file",
];

const ANY_ADDRESS = "0.0.0.0";

/** Reads a command line of Natter 0.9: options in any place, never joined. Pure. */
export function readNatter1Args(words: readonly string[]): Natter1Args {
  const options = new Set<string>();
  const bare: string[] = [];
  let file: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "-c") {
      file = words[++i];
      if (file === undefined || file === "") return { kind: "usage" };
    } else if (["-v", "-t", "--check-nat"].includes(word)) options.add(word);
    else bare.push(word);
  }
  const isCheck = options.has("--check-nat");
  if (file !== undefined) return isCheck || bare.length > 0 ? { kind: "usage" } : { kind: "config", file };
  const source = bare.length === 0 && isCheck ? { address: ANY_ADDRESS, port: 0 } : readSource(bare);
  if (source === undefined) return { kind: "usage" };
  const isVerbose = options.has("-v");
  if (isCheck) return { kind: "check-nat", ...source, isVerbose };
  return { kind: "punch", ...source, servesTestPage: options.has("-t"), isVerbose };
}

/** `[SRC_IP] SRC_PORT`. */
function readSource(bare: readonly string[]): { address: string; port: number } | undefined {
  const [first = "", second] = bare;
  if (bare.length < 1 || bare.length > 2) return undefined;
  const port = parsePort(second ?? first);
  const address = second === undefined ? ANY_ADDRESS : canonicalAddress(first);
  if (port === undefined || address === undefined || familyOf(address) !== 4) return undefined;
  return { address, port };
}
