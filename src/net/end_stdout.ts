import { endStdout as endOnLinux } from "../../ffi/stdout.ts";

/**
 * Ends our side of stdout, so that its reader sees the end while this process lives on; nothing can be written to it
 * afterwards.
 *
 * @returns Whether that was possible: so far on Linux with glibc only, and not where stderr goes to the same place.
 */
export function endStdout(): boolean {
  if (Deno.build.os !== "linux") return false;
  try {
    return endOnLinux();
  } catch {
    // No glibc: the reader sees the end when the process ends.
    return false;
  }
}
