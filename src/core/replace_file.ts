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

/** Of a new file: for everybody to read; nothing secret goes into these files. */
const MODE = 0o644;
/** Until it has its owner: what was there may have been for few. */
const MODE_MEANWHILE = 0o600;

/**
 * Writes beside the file and renames. A link is followed, so that what it points at is replaced; what is no regular
 * file (a device, a folder) is refused rather than replaced. A file that is a mount point (one file handed into a
 * container) cannot be renamed over: that one is written in place. The new file has owner, group and mode of the old one;
 * where the system does not let us give it away, everybody may read it.
 */
export const systemWriter: FileWriter = { replace: replaceFile };

async function replaceFile(path: string, text: string): Promise<void> {
  const { target, info } = await regularFile(path);
  const temporary = `${target}.tmp`;
  // Created anew and never followed: in a folder that others write to, somebody could have put a link there.
  await Deno.remove(temporary).catch(ignoreMissing);
  try {
    await Deno.writeTextFile(temporary, text, { createNew: true, mode: MODE_MEANWHILE });
    if (Deno.build.os !== "windows") await Deno.chmod(temporary, await giveTo(info, temporary));
    await Deno.rename(temporary, target);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {
      // The first error says more.
    });
    if (errorCode(error) !== "EBUSY") throw error;
    await Deno.writeTextFile(target, text, { create: false });
  }
}

/** Makes a file that of another one's owner and group. @returns The mode that it should have then. */
async function giveTo(info: Deno.FileInfo | undefined, temporary: string): Promise<number> {
  if (info === undefined || info.mode === null) return MODE;
  try {
    await Deno.chown(temporary, info.uid, info.gid);
    return info.mode & 0o777;
  } catch {
    // Its readers would be locked out by the old mode.
    return MODE;
  }
}

/** The real path of the file, existing or not; and what it is, if it is there. */
async function regularFile(
  path: string,
): Promise<{ readonly target: string; readonly info: Deno.FileInfo | undefined }> {
  try {
    const info = await Deno.stat(path);
    if (!info.isFile) throw new TypeError(`Cannot replace ${path}: it is not a regular file`);
    return { target: await Deno.realPath(path), info };
  } catch (error) {
    ignoreMissing(error);
    return { target: path, info: undefined };
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
