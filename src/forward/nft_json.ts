import { errorCode, PortholeError } from "../core/errors.ts";

/** Why the kernel method cannot be used, for programs. */
export type NftErrorCode =
  | "nft_unavailable"
  | "nft_permission"
  | "nft_unsupported"
  | "nft_no_forwarding"
  | "nft_refused"
  | "forward_loop";

/** The kernel method cannot do it; the message says what helps. */
export class NftError extends PortholeError {
  /** Name of the class. */
  override readonly name = "NftError";
  /** For programs. */
  override readonly code: NftErrorCode;

  /** `message` in the form `Cannot <verb> <subject>: <reason>`. */
  constructor(code: NftErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** How a program ended. */
export interface ProgramResult {
  /** Exit status; 128 + N if signal N ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, without a shell; `input` goes to its standard input.
 *
 * @throws {Error} With `code` "ENOENT" if there is no such program.
 */
export type RunProgram = (commandLine: readonly string[], input?: string) => Promise<ProgramResult>;

/** {@linkcode RunProgram} of the machine; messages in English, as they are matched. */
export const runProgram: RunProgram = async (
  commandLine: readonly string[],
  input?: string,
): Promise<ProgramResult> => {
  const [program = "", ...args] = commandLine;
  await using child = new Deno.Command(program, {
    args,
    env: { LC_ALL: "C" },
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const feeding = input === undefined ? undefined : feed(child.stdin, input);
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.status,
    feeding,
  ]);
  return { status: status.code, stdout, stderr };
};

async function feed(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // It ended before it read everything; its status tells why.
  }
}

/** One command or listed object of libnftables-json(5): `{ add: { table: … } }`, `{ chain: … }`. */
export type NftObject = Readonly<Record<string, unknown>>;

/** A chain, set or counter that the kernel has. */
export interface NftListed {
  readonly kind: "chain" | "set" | "map" | "counter";
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** Counters: packets and bytes so far. */
  readonly packets: number;
  readonly bytes: number;
  /** Base chains: `filter`, `nat`, `route`. */
  readonly type?: string;
  readonly hook?: string;
  readonly policy?: string;
}

const KINDS = ["chain", "set", "map", "counter"] as const;

/**
 * Reads what `nft -j list …` printed; objects of other kinds are left out.
 *
 * @throws {NftError} "nft_refused" if it is not such a listing.
 */
export function parseListing(text: string): readonly NftListed[] {
  // Nothing at all is what some versions print for an empty list.
  if (text.trim() === "") return [];
  let objects: unknown;
  try {
    objects = (JSON.parse(text) as { nftables?: unknown } | null)?.nftables;
  } catch (cause) {
    throw new NftError("nft_refused", "Cannot read nft's listing: it is not JSON", { cause });
  }
  if (!Array.isArray(objects)) {
    throw new NftError("nft_refused", "Cannot read nft's listing: no objects in it");
  }
  return objects.flatMap((object: unknown) => KINDS.flatMap((kind) => listed(kind, field(object, kind))));
}

function listed(kind: NftListed["kind"], value: unknown): readonly NftListed[] {
  const [family, table, name] = ["family", "table", "name"].map((key) => field(value, key));
  if (typeof family !== "string" || typeof table !== "string" || typeof name !== "string") return [];
  const base = { kind, family, table, name, packets: count(value, "packets"), bytes: count(value, "bytes") };
  return [{ ...base, ...text(value, "type"), ...text(value, "hook"), ...text(value, "policy") }];
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function count(value: unknown, key: string): number {
  const found = field(value, key);
  return typeof found === "number" ? found : 0;
}

function text(value: unknown, key: string): Readonly<Record<string, string>> {
  const found = field(value, key);
  return typeof found === "string" ? { [key]: found } : {};
}

/** Debian's users have no /usr/sbin on their PATH, and a service may have none at all. */
const PROGRAMS = ["nft", "/usr/sbin/nft", "/sbin/nft"];

/** The `nft` program, told and read in JSON. */
export class Nft {
  readonly #run: RunProgram;
  #program: string | undefined;

  constructor(run: RunProgram) {
    this.#run = run;
  }

  /**
   * Carries out commands in one transaction: all of them or none.
   *
   * @throws {NftError} "nft_unavailable", "nft_permission" or "nft_refused".
   */
  async apply(commands: readonly NftObject[]): Promise<void> {
    if (commands.length === 0) return;
    const result = await this.#nft(["-j", "-f", "-"], JSON.stringify({ nftables: commands }));
    if (result.status !== 0) throw refusalOf("install rules", result.stderr);
  }

  /**
   * Lists chains, sets and counters; nothing if the table is not there.
   *
   * @param what `chains`, `counters table inet porthole`, …
   * @throws {NftError} As {@linkcode Nft.apply}.
   */
  async list(what: string): Promise<readonly NftListed[]> {
    const result = await this.#nft(["-j", "list", ...what.split(" ")]);
    if (result.status === 0) return parseListing(result.stdout);
    if (/No such file or directory/.test(result.stderr)) return [];
    throw refusalOf("list rules", result.stderr);
  }

  async #nft(args: readonly string[], input?: string): Promise<ProgramResult> {
    for (const program of this.#program === undefined ? PROGRAMS : [this.#program]) {
      try {
        const result = await this.#run([program, ...args], input);
        this.#program = program;
        return result;
      } catch (error) {
        if (errorCode(error) !== "ENOENT") throw error;
      }
    }
    throw new NftError("nft_unavailable", `Cannot use nftables: ${await this.#whyMissing()}`);
  }

  async #whyMissing(): Promise<string> {
    try {
      const { stdout } = await this.#run(["iptables", "--version"]);
      const version = stdout.trim() || "iptables";
      return `there is no nft program; this system has ${version} only, which porthole does not drive: ` +
        "install the package nftables, or use the relay";
    } catch {
      return "there is no nft program: install the package nftables, or use the relay";
    }
  }
}

function refusalOf(verb: string, stderr: string): NftError {
  const reason = stderr.split("\n").map((line) => line.trim()).find((line) => line !== "") ??
    "no reason given";
  if (/Operation not permitted|must be root/i.test(stderr)) {
    return new NftError(
      "nft_permission",
      `Cannot ${verb}: Operation not permitted; it takes root or CAP_NET_ADMIN, or use the relay`,
    );
  }
  if (/JSON support not compiled/i.test(stderr)) {
    return new NftError(
      "nft_unavailable",
      `Cannot ${verb}: this nft was built without JSON; install the full one (nftables-json), or use the relay`,
    );
  }
  if (/Unable to initialize Netlink|Protocol not supported|Address family not supported/i.test(stderr)) {
    return new NftError(
      "nft_unavailable",
      `Cannot ${verb}: this kernel has no nf_tables (${reason}); use the relay`,
    );
  }
  return new NftError("nft_refused", `Cannot ${verb}: ${reason}`);
}
