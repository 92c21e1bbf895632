import type { CliHost } from "./host.ts";

/** Programs whose command lines porthole takes as they are. */
export type FrontEnd = "natter" | "natmap" | "nat1";

const NAMES: Readonly<Record<string, FrontEnd>> = {
  "natter": "natter",
  "natter.py": "natter",
  "natmap": "natmap",
  "nat1": "nat1",
  "nat1_traversal": "nat1",
  "nat1_traversal.py": "nat1",
};

/** The front end a word stands for: the first argument, or the name the program was started under. */
export function frontEndOf(word: string | undefined): FrontEnd | undefined {
  const name = word?.split(/[\\/]/).at(-1)?.replace(/\.exe$/i, "") ?? "";
  return Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
}

/** `argv[0]` of this process: a link to the executable, or `exec -a`, gives it another name. */
export function programName(): string {
  try {
    return Deno.readTextFileSync("/proc/self/cmdline").split("\0")[0] ?? "";
  } catch {
    // No procfs: the path of the executable is the next best, and wrong only behind a link.
    return Deno.execPath();
  }
}

/** Runs a front end. @returns The exit status. */
export async function runFrontEnd(name: FrontEnd, argv: readonly string[], host: CliHost): Promise<number> {
  switch (name) {
    case "natter":
      return await (await import("./compat/run_natter.ts")).runNatter(argv, host);
    case "natmap":
      return await (await import("./compat/run_natmap.ts")).runNatmap(argv, host);
    case "nat1":
      return await (await import("./compat/run_nat1.ts")).runNat1(argv, host);
  }
}
