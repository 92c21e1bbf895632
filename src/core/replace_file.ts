import { errorCode } from "./errors.ts";

/** Puts a text into a file. */
export interface FileWriter {
  /**
   * Replaces the file at `path` in one step, so that readers see the old text or the new one.
   *
   * @throws {Error} With the kernel's `code`, and the old file untouched, if that cannot be done.
   */
  replace(path: string, text: string): Promise<void>;
}

/** For everybody to read; nothing secret goes into these files. */
const MODE = 0o644;

/**
 * Writes beside the file and renames. A link is followed, so that what it points at is replaced; what is no regular
 * file (a device, a folder) is refused rather than replaced. A file that is a mount point (one file handed into a
 * container) cannot be renamed over: that one is written in place.
 */
export const systemWriter: FileWriter = { replace: replaceFile };

async function replaceFile(path: string, text: string): Promise<void> {
  const target = await regularFile(path);
  const temporary = `${target}.tmp`;
  // Created anew and never followed: in a folder that others write to, somebody could have put a link there.
  await Deno.remove(temporary).catch(ignoreMissing);
  try {
    await Deno.writeTextFile(temporary, text, { createNew: true, mode: MODE });
    // The mode above is narrowed by the umask.
    if (Deno.build.os !== "windows") await Deno.chmod(temporary, MODE);
    await Deno.rename(temporary, target);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {
      // The first error says more.
    });
    if (errorCode(error) !== "EBUSY") throw error;
    await Deno.writeTextFile(target, text, { create: false });
  }
}

/** The real path of the file, existing or not. */
async function regularFile(path: string): Promise<string> {
  try {
    const info = await Deno.stat(path);
    if (!info.isFile) throw new TypeError(`Cannot replace ${path}: it is not a regular file`);
    return await Deno.realPath(path);
  } catch (error) {
    ignoreMissing(error);
    return path;
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
