/**
 * `deno task compile [--target TRIPLE]… [--output DIR]`: one executable for each target, into dist/.
 *
 * The base binary (denort) is what `deno compile` puts the program into. Deno downloads it from dl.deno.land, or
 * takes the file that DENORT_BIN names: that serves one target, by default this machine's.
 *
 * Exit codes: 0 all written; 1 one or more not written; 2 usage.
 *
 * @module
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };

/** The repository: a relative `--output` is taken from here. */
const ROOT = fileURLToPath(new URL("../", import.meta.url));

/**
 * A young generation of 1 MiB instead of 16: porthole is mostly at rest, on routers too. Measured with 9,000 idle
 * connections 88 MiB instead of 97, and after load 86 instead of 108 to 145 (bench/forward). The image has it as well.
 */
const V8_FLAGS = "--v8-flags=--max-semi-space-size=1";

/** What a release consists of. */
export const RELEASE_TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-pc-windows-msvc",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
] as const;

/** Deno can build these too; they are built when asked for by name. */
const FURTHER_TARGETS: readonly string[] = ["aarch64-pc-windows-msvc"];

/** What the command line asked for. */
export interface CompilePlan {
  readonly targets: readonly string[];
  /** Directory for the executables. */
  readonly output: string;
}

/**
 * Reads the command line.
 *
 * @param denortBin Value of DENORT_BIN, if set.
 * @param host This machine's target triple.
 * @throws {SyntaxError} If an argument is unknown, a target is not one of Deno's, or DENORT_BIN would have to
 *   serve more than one target.
 */
export function planCompile(
  args: readonly string[],
  denortBin: string | undefined,
  host: string,
): CompilePlan {
  const targets: string[] = [];
  let output = "dist";
  for (let i = 0; i < args.length; i += 2) {
    const flag = args[i];
    const value = args[i + 1];
    if (flag !== "--target" && flag !== "--output") {
      throw new SyntaxError(`Cannot use argument "${flag}": expected --target TRIPLE or --output DIR`);
    }
    if (value === undefined) throw new SyntaxError(`Cannot use ${flag}: its value is missing`);
    if (flag === "--output") output = value;
    else if (!targets.includes(value)) targets.push(checkedTarget(value));
  }
  if (denortBin === undefined) return { targets: targets.length > 0 ? targets : RELEASE_TARGETS, output };
  if (targets.length > 1) {
    throw new SyntaxError(
      `Cannot build ${targets.length} targets: DENORT_BIN names one base binary, for one target`,
    );
  }
  return { targets: targets.length > 0 ? targets : [host], output };
}

function checkedTarget(target: string): string {
  const known: readonly string[] = [...RELEASE_TARGETS, ...FURTHER_TARGETS];
  if (known.includes(target)) return target;
  throw new SyntaxError(`Cannot build target "${target}": expected one of ${known.join(", ")}`);
}

/** File name of one executable: `porthole-0.1.0-x86_64-pc-windows-msvc.exe`. */
export function executableName(version: string, target: string): string {
  return `porthole-${version}-${target}${target.includes("windows") ? ".exe" : ""}`;
}

/** Why `deno compile` wrote nothing. */
export type CompileFailure =
  | { readonly kind: "download"; readonly url: string }
  | { readonly kind: "missing-base" | "foreign-base" | "program" };

/** Reads the cause from what a failed `deno compile` wrote to stderr. */
export function classifyFailure(stderr: string): CompileFailure {
  if (/Could not find denort/.test(stderr)) return { kind: "missing-base" };
  if (/Invalid object|Failed to parse (PE|Mach-?O|ELF)/i.test(stderr)) return { kind: "foreign-base" };
  if (!/Setting up base binary/.test(stderr)) return { kind: "program" };
  return { kind: "download", url: /https?:\/\/[^\s)]+/.exec(stderr)?.[0] ?? "https://dl.deno.land/" };
}

/** The one message for all base binaries that could not be downloaded. */
export function explainDownloads(urls: readonly string[]): string {
  return [
    "Cannot download the base binary (denort) from:",
    ...urls.map((url) => `  ${url}`),
    "Run this where that address can be reached. Or fetch and unpack such an archive elsewhere, then build its one target with",
    "  DENORT_BIN=/path/to/denort deno task compile --target TRIPLE",
  ].join("\n");
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function run(
  command: string,
  args: readonly string[],
): Promise<{ success: boolean; out: string; err: string }> {
  const child = new Deno.Command(command, {
    args: [...args],
    cwd: ROOT,
    stdin: "null",
    env: { NO_COLOR: "1" },
  });
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { success, out: text.decode(stdout), err: text.decode(stderr) };
}

const WORKER = "src/forward/worker.ts";

/** How one target went; `undefined` is success. */
type Fault = { readonly downloadFrom: string } | { readonly message: string } | undefined;

/**
 * Builds one target. Dynamic imports with a literal path are part of the module graph; what `new Worker` starts is
 * not, so it is named.
 */
async function compileTarget(target: string, output: string): Promise<Fault> {
  const path = `${output}/${executableName(config.version, target)}`;
  const flags = [
    "compile",
    "-A",
    "--frozen",
    V8_FLAGS,
    "--target",
    target,
    "--include",
    WORKER,
    "--output",
    path,
  ];
  const { success, err } = await run(Deno.execPath(), [...flags, "main.ts"]);
  if (!success) {
    const failure = classifyFailure(err);
    if (failure.kind === "download") return { downloadFrom: failure.url };
    const reason = {
      "missing-base": "the file that DENORT_BIN names does not exist",
      "foreign-base": `the base binary is for another system; DENORT_BIN must be denort for ${target}`,
      "program": err.trim(),
    }[failure.kind];
    return { message: `Cannot build ${target}: ${reason}` };
  }
  if (target !== Deno.build.target) {
    say(`${path}  written, not started: it is for another system`);
    return undefined;
  }
  const message = await smokeTest(path);
  if (message !== undefined) return { message };
  say(`${path}  written, starts`);
  return undefined;
}

/** A base binary that is not denort (a whole deno, say) compiles without complaint and starts a REPL. */
async function smokeTest(path: string): Promise<string | undefined> {
  const file = resolve(ROOT, path);
  const { success, out } = await run(file, ["--version"]);
  if (success && out.includes(config.version) && !out.includes("typescript ")) return undefined;
  await Deno.remove(file);
  return `Cannot use ${path}: it does not answer --version as porthole does; is DENORT_BIN really denort? (removed)`;
}

async function main(): Promise<number> {
  let plan: CompilePlan;
  try {
    plan = planCompile(Deno.args, Deno.env.get("DENORT_BIN"), Deno.build.target);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    say(error.message);
    return 2;
  }
  let failures = 0;
  const unreachable: string[] = [];
  for (const target of plan.targets) {
    const fault = await compileTarget(target, plan.output);
    if (fault === undefined) continue;
    failures++;
    if ("message" in fault) say(fault.message);
    else unreachable.push(fault.downloadFrom);
  }
  if (unreachable.length > 0) say(explainDownloads(unreachable));
  say(`${plan.targets.length - failures} of ${plan.targets.length} executables written to ${plan.output}/`);
  return failures === 0 ? 0 : 1;
}

if (import.meta.main) main().then((code) => Deno.exitCode = code);
