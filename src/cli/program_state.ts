import { access, constants } from "node:fs/promises";
import type { ProgramState } from "./hook_warnings.ts";

/** Looks at a path as whoever wants to run what is there. */
export async function programState(path: string): Promise<ProgramState> {
  try {
    if (!(await Deno.stat(path)).isFile) return "no-file";
  } catch {
    // Whatever the reason is: nobody can run it from here.
    return "missing";
  }
  try {
    await access(path, constants.X_OK);
    return "runnable";
  } catch {
    return "not-executable";
  }
}
