import type { WebhookStyle } from "../../../publish/options.ts";
import { type OwnFlags, takeOwnFlags } from "../natter/own_flags.ts";

/** One server kind and IP version of a query; `auto` tries IPv6 first. */
export interface Nat1Query {
  readonly edition: "java" | "bedrock";
  readonly family: 4 | 6 | "auto";
  /** As written. */
  readonly host: string;
}

/** A command line of nat1_traversal; texts are as written. */
export interface Nat1Args {
  readonly isHelp: boolean;
  readonly isVersion: boolean;
  readonly isDebug: boolean;
  readonly isNatTest: boolean;
  readonly local: string | undefined;
  readonly remote: string | undefined;
  /** Path of config.json. */
  readonly config: string;
  readonly queries: readonly Nat1Query[];
  /** Ours: instead of the configuration's. */
  readonly webhookStyle: Exclude<WebhookStyle, "json"> | undefined;
  readonly own: OwnFlags;
}

/** What came of a command line. */
export type Nat1ArgsReading =
  | { readonly kind: "args"; readonly args: Nat1Args }
  /** On one line. */
  | { readonly kind: "fault"; readonly message: string };

interface Option {
  readonly names: readonly string[];
  /** `optional`: where no value follows there is a usual one. */
  readonly value: "none" | "required" | "optional";
}

const OPTIONS: readonly Option[] = [
  { names: ["-h", "--help"], value: "none" },
  { names: ["-v", "--version"], value: "none" },
  { names: ["-d", "--debug"], value: "none" },
  { names: ["-t", "--nat-type-test"], value: "none" },
  { names: ["-l", "--local"], value: "optional" },
  { names: ["-r", "--remote"], value: "optional" },
  { names: ["-c", "--config"], value: "required" },
  { names: ["-q", "--query"], value: "optional" },
  { names: ["-qj", "--query-java"], value: "optional" },
  { names: ["-qj6", "--query-java-v6"], value: "optional" },
  { names: ["-qb", "--query-bedrock"], value: "optional" },
  { names: ["-qb6", "--query-bedrock-v6"], value: "optional" },
  { names: ["--webhook-style"], value: "required" },
];

/** What an optional value is where none follows. */
const USUAL: Readonly<Record<string, string>> = { "-l": ":", "-r": ":" };

const QUERIES: Readonly<Record<string, readonly Omit<Nat1Query, "host">[]>> = {
  "-q": [{ edition: "java", family: "auto" }, { edition: "bedrock", family: "auto" }],
  "-qj": [{ edition: "java", family: 4 }],
  "-qj6": [{ edition: "java", family: 6 }],
  "-qb": [{ edition: "bedrock", family: 4 }],
  "-qb6": [{ edition: "bedrock", family: 6 }],
};

/**
 * Reads a command line of nat1_traversal: option names are never abbreviated, values may be glued (`-l25566`,
 * `-l=:25566`, `--local=:25566`), the last of an option counts. Our `--stun`, `--keep-alive`, `--json` and
 * `--webhook-style` are taken too. Pure.
 */
export function readNat1Args(argv: readonly string[]): Nat1ArgsReading {
  const own = takeOwnFlags(argv);
  if (own.kind === "fault") return own;
  const found = new Map<string, string>();
  const words = [...own.rest];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const given = splitOption(word);
    if (given === undefined) return fault(`unrecognized arguments: ${word}`);
    const { option: { names: [name = ""], value }, glued } = given;
    if (value === "none") {
      // `-dt` is `-d -t`.
      if (glued !== undefined && (given.isLong || glued === "" || glued.startsWith("="))) {
        return fault(`argument ${name}: ignored explicit argument '${glued}'`);
      }
      if (glued !== undefined) words.unshift(`-${glued}`);
      found.set(name, "");
      continue;
    }
    const [next] = words;
    const follows = glued ?? (next === undefined || isOption(next) ? undefined : words.shift());
    if (follows === undefined && value === "required") {
      return fault(`argument ${name}: expected one argument`);
    }
    found.set(name, follows ?? USUAL[name] ?? "");
  }
  return argsOf(found, own.flags);
}

function argsOf(found: ReadonlyMap<string, string>, own: OwnFlags): Nat1ArgsReading {
  const style = found.get("--webhook-style");
  if (style !== undefined && style !== "nat1" && style !== "nat1-records") {
    return fault("argument --webhook-style: expected nat1 or nat1-records");
  }
  const queries = Object.entries(QUERIES).flatMap(([name, kinds]) => {
    const host = found.get(name);
    return host === undefined ? [] : kinds.map((kind) => ({ ...kind, host }));
  });
  return {
    kind: "args",
    args: {
      isHelp: found.has("-h"),
      isVersion: found.has("-v"),
      isDebug: found.has("-d"),
      isNatTest: found.has("-t"),
      local: found.get("-l"),
      remote: found.get("-r"),
      config: found.get("-c") ?? "config.json",
      queries,
      webhookStyle: style,
      own,
    },
  };
}

interface GivenOption {
  readonly option: Option;
  readonly isLong: boolean;
  /** What is written in the same word after the name. */
  readonly glued: string | undefined;
}

function splitOption(word: string): GivenOption | undefined {
  const isLong = word.startsWith("--");
  const [name = "", ...rest] = word.split("=");
  const byName = optionOf(name);
  if (byName !== undefined) {
    return { option: byName, isLong, glued: rest.length === 0 ? undefined : rest.join("=") };
  }
  const short = isLong ? undefined : optionOf(word.slice(0, 2));
  return short === undefined ? undefined : { option: short, isLong, glued: word.slice(2) };
}

function optionOf(name: string): Option | undefined {
  return OPTIONS.find(({ names }) => names.includes(name));
}

/** A lone dash, and numbers below zero, are values. */
function isOption(word: string): boolean {
  return /^-(?!$|\d+$)/.test(word);
}

function fault(message: string): Nat1ArgsReading {
  return { kind: "fault", message };
}
