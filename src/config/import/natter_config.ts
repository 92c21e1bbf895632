import type { Node } from "jsonc-parser";
import { type Endpoint, type HostPort, parseEndpoint, parseHostPort } from "../../core/endpoint.ts";
import { type ConfigFault, type ConfigPath, formatPath, inSourceOrder, quoted } from "../config_fault.ts";
import { readSyntaxTree } from "../syntax_tree.ts";
import { TextPlaces } from "../text_places.ts";

/** `logging.level` of Natter 0.9. */
export type NatterLogLevel = "debug" | "info" | "warning" | "error";

/** One value for each transport. */
export interface PerProtocol<T> {
  readonly tcp: T;
  readonly udp: T;
}

/** Natter 0.9's natter-config.json, complete: absent keys have their defaults. */
export interface NatterConfig {
  readonly logging: {
    readonly level: NatterLogLevel;
    /** As written; relative to the working directory. */
    readonly logFile: string | undefined;
  };
  readonly statusReport: {
    /** A line for the shell, with its placeholders. */
    readonly hook: string | undefined;
    /** As written; relative to the working directory. */
    readonly statusFile: string | undefined;
  };
  /** What is punched and served by others; 0.0.0.0 is any address. */
  readonly openPort: PerProtocol<readonly Endpoint[]>;
  /** Targets; each is punched on a port of its own. */
  readonly forwardPort: PerProtocol<readonly HostPort[]>;
  /** Empty: the built-in list. Port 3478 unless written. */
  readonly stunServer: PerProtocol<readonly HostPort[]>;
  /** Port 80 unless written. */
  readonly keepAlive: HostPort;
}

/** What came of a natter-config.json. */
export type NatterConfigReading =
  | {
    readonly kind: "config";
    readonly config: NatterConfig;
    /** Paths of keys that Natter does not know, in the order of the text. */
    readonly unknownKeys: readonly string[];
  }
  /** Every fault, in the order of the text. */
  | { readonly kind: "faults"; readonly faults: readonly ConfigFault[] };

/** Natter's keep-alive host. */
export const NATTER_KEEP_ALIVE: HostPort = { host: "www.qq.com", port: 80 };

const LEVELS: readonly NatterLogLevel[] = ["debug", "info", "warning", "error"];

const KNOWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  "": ["logging", "status_report", "open_port", "forward_port", "stun_server", "keep_alive"],
  logging: ["level", "log_file"],
  status_report: ["hook", "status_file"],
  open_port: ["tcp", "udp"],
  forward_port: ["tcp", "udp"],
  stun_server: ["tcp", "udp"],
};

/**
 * Reads natter-config.json. More tolerant than Natter: comments, trailing commas, `host:port` for servers and names
 * as targets are fine, and an absent (or null) key has a default. Total: any text gives a value or all its faults.
 */
export function readNatterConfig(text: string): NatterConfigReading {
  // Editors on Windows write a byte order mark; a space keeps the columns right.
  const reader = new NatterConfigReader(text.replace(/^\uFEFF/, " "));
  return reader.read();
}

class NatterConfigReader {
  readonly #places: TextPlaces;
  readonly #root: Node | undefined;
  readonly #faults: ConfigFault[] = [];

  constructor(text: string) {
    const { root, faults } = readSyntaxTree(text);
    this.#places = new TextPlaces(text);
    this.#root = root;
    for (const { offset, message } of faults) this.#fault([], message, offset);
  }

  read(): NatterConfigReading {
    // What is half read would only give faults that follow from the first ones.
    if (this.#faults.length > 0) return { kind: "faults", faults: this.#faults };
    if (this.#root?.type !== "object") {
      this.#fault([], "expected an object in braces", this.#root?.offset ?? 0);
      return { kind: "faults", faults: this.#faults };
    }
    const unknownKeys = this.#unknownKeys();
    const config: NatterConfig = {
      logging: { level: this.#level(), logFile: this.#text(["logging", "log_file"]) },
      statusReport: {
        hook: this.#text(["status_report", "hook"]),
        statusFile: this.#text(["status_report", "status_file"]),
      },
      openPort: this.#lists("open_port", readOwnEndpoint),
      forwardPort: this.#lists("forward_port", readTarget),
      stunServer: this.#lists("stun_server", (value) => readServer(value, 3478)),
      keepAlive: this.#keepAlive(),
    };
    if (this.#faults.length > 0) return { kind: "faults", faults: inSourceOrder(this.#faults) };
    return { kind: "config", config, unknownKeys };
  }

  #unknownKeys(): readonly string[] {
    const unknown: string[] = [];
    for (const [section, known] of Object.entries(KNOWN_KEYS)) {
      const path = section === "" ? [] : [section];
      const node = section === "" ? this.#root : this.#find(path);
      if (node === undefined) continue;
      if (node.type !== "object") {
        this.#fault(path, "expected an object in braces", node.offset);
        continue;
      }
      for (const { children: [key] = [] } of node.children ?? []) {
        if (!known.includes(String(key?.value))) unknown.push(formatPath([...path, String(key?.value)]));
      }
    }
    return unknown;
  }

  /** The value of a key; of keys that are there twice the last one, as Python has it; null is nothing. */
  #find(path: ConfigPath): Node | undefined {
    let node = this.#root;
    for (const part of path) {
      const property = node?.type === "object"
        ? node.children?.findLast(({ children: [key] = [] }) => key?.value === part)
        : undefined;
      node = property?.children?.[1];
    }
    return node?.type === "null" ? undefined : node;
  }

  #fault(path: ConfigPath, message: string, offset: number): void {
    this.#faults.push({ path: formatPath(path), message, ...this.#places.placeAt(offset) });
  }

  /** A text; empty or absent is none. */
  #text(path: ConfigPath): string | undefined {
    const node = this.#find(path);
    if (node === undefined) return undefined;
    if (typeof node.value === "string") return node.value === "" ? undefined : node.value;
    this.#fault(path, "expected a text in double quotes", node.offset);
    return undefined;
  }

  #level(): NatterLogLevel {
    const path = ["logging", "level"];
    const text = this.#text(path);
    const level = LEVELS.find((known) => known === text?.toLowerCase());
    if (text !== undefined && level === undefined) {
      this.#fault(path, `expected ${LEVELS.join(", ")}, not ${quoted(text)}`, this.#find(path)?.offset ?? 0);
    }
    return level ?? "info";
  }

  #keepAlive(): HostPort {
    const path = ["keep_alive"];
    const node = this.#find(path);
    if (this.#text(path) === undefined || node === undefined) return NATTER_KEEP_ALIVE;
    return this.#parsed(node, { path, parse: (value) => readServer(value, 80) }) ?? NATTER_KEEP_ALIVE;
  }

  #lists<T>(section: string, parse: (value: string) => T): PerProtocol<readonly T[]> {
    return { tcp: this.#list([section, "tcp"], parse), udp: this.#list([section, "udp"], parse) };
  }

  #list<T>(path: ConfigPath, parse: (value: string) => T): readonly T[] {
    const node = this.#find(path);
    if (node === undefined) return [];
    if (node.type !== "array") {
      this.#fault(path, "expected a list in brackets", node.offset);
      return [];
    }
    const entries = (node.children ?? []).map((child, i) =>
      this.#parsed(child, { path: [...path, i], parse })
    );
    return entries.filter((entry) => entry !== undefined);
  }

  #parsed<T>(
    node: Node,
    { path, parse }: { readonly path: ConfigPath; readonly parse: (value: string) => T },
  ): T | undefined {
    if (typeof node.value !== "string") {
      this.#fault(path, "expected a text in double quotes", node.offset);
      return undefined;
    }
    try {
      return parse(node.value);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#fault(path, error.message, node.offset);
      return undefined;
    }
  }
}

function readOwnEndpoint(value: string): Endpoint {
  try {
    return parseEndpoint(value);
  } catch (error) {
    throw new SyntaxError(`expected ADDRESS:PORT of this machine, not ${quoted(value)}`, { cause: error });
  }
}

function readTarget(value: string): HostPort {
  return readHost(value, { what: "ADDRESS:PORT" });
}

function readServer(value: string, defaultPort: number): HostPort {
  return readHost(value, { what: "HOST or HOST:PORT", defaultPort });
}

function readHost(value: string, { what, defaultPort }: { what: string; defaultPort?: number }): HostPort {
  try {
    const server = parseHostPort(value, defaultPort);
    if (server.port !== 0) return server;
  } catch {
    // Said below, in words that fit both.
  }
  throw new SyntaxError(`expected ${what}, not ${quoted(value)}`);
}
