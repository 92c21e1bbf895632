import { access, constants } from "node:fs/promises";
import { resolve } from "node:path";
import { errorCode } from "../core/errors.ts";
import type { Texts } from "../text/texts.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Makes sure that a script can be run, before anything is opened.
 *
 * @returns Its absolute path, so that PATH is never searched.
 * @throws {UsageError} If it is missing, not a file, or not executable for us.
 */
export async function checkScript(path: string, texts: Texts): Promise<string> {
  const { usage } = texts;
  const script = resolve(path);
  try {
    const info = await Deno.stat(script);
    if (!info.isFile) throw new UsageError(usage.execIsNoFile(path));
    await access(script, constants.X_OK);
    return script;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      errorCode(error) === "EACCES" ? usage.execNotExecutable(path) : usage.execMissing(path),
      {
        cause: error,
      },
    );
  }
}
