/**
 * `deno run -A tools/check_sizes.ts`: files over 400 lines in src/ and ffi/ fail, as CONTRIBUTING says.
 *
 * Exit codes: 0 all within the limit; 1 one or more over it.
 *
 * @module
 */

/** Past this a file has more than one duty. */
const HARD_LIMIT_LINES = 400;
/** What a file aims at; reported, not refused. */
const AIM_LINES = 250;
const ROOTS = ["src", "ffi"] as const;

/** Tables: data without decisions may be as long as the data is. */
const TABLES: ReadonlySet<string> = new Set([
  "src/text/en.ts",
  "src/text/zh_cn.ts",
  "src/stun/default_servers.ts",
  "src/keeper/default_hosts.ts",
]);

/** One source file and its length. */
export interface FileSize {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly lines: number;
}

/** The verdict on a tree. */
export interface SizeVerdict {
  /** Over the limit, longest first. */
  readonly over: readonly FileSize[];
  /** Within the limit and over the aim, longest first. */
  readonly long: readonly FileSize[];
}

/** Sorts files into those over the limit and those over the aim; tables are exempt. */
export function judgeSizes(files: readonly FileSize[]): SizeVerdict {
  const judged = files.filter((f) => !TABLES.has(f.path)).toSorted((a, b) => b.lines - a.lines);
  return {
    over: judged.filter((f) => f.lines > HARD_LIMIT_LINES),
    long: judged.filter((f) => f.lines > AIM_LINES && f.lines <= HARD_LIMIT_LINES),
  };
}

/** Counts lines as editors do: a last line without its newline counts too. */
export function countLines(text: string): number {
  if (text === "") return 0;
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

async function measure(root: URL, folder: string): Promise<FileSize[]> {
  const sizes: FileSize[] = [];
  for await (const entry of Deno.readDir(new URL(`${folder}/`, root))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) sizes.push(...await measure(root, path));
    else if (entry.isFile && /\.tsx?$/.test(entry.name)) {
      sizes.push({ path, lines: countLines(await Deno.readTextFile(new URL(path, root))) });
    }
  }
  return sizes;
}

async function main(): Promise<number> {
  const root = new URL("../", import.meta.url);
  const files = (await Promise.all(ROOTS.map((folder) => measure(root, folder)))).flat();
  const { over, long } = judgeSizes(files);
  const report = [
    ...over.map((f) => `${f.path}: ${f.lines} lines, limit ${HARD_LIMIT_LINES}`),
    ...long.map((f) => `${f.path}: ${f.lines} lines, aim ${AIM_LINES} (not refused)`),
    `${files.length} files, ${over.length} over ${HARD_LIMIT_LINES} lines`,
  ];
  Deno.stdout.writeSync(new TextEncoder().encode(`${report.join("\n")}\n`));
  return over.length === 0 ? 0 : 1;
}

if (import.meta.main) main().then((code) => Deno.exitCode = code);
