/** What is read of /proc; handed in, so that tests can say what other processes there are. */
export interface ProcFiles {
  /** @throws {Error} With its `code`: ENOENT or ESRCH where the process has gone, EACCES. */
  readText(path: string): Promise<string>;
  /** Names in a directory. @throws {Error} As {@linkcode ProcFiles.readText}. */
  list(path: string): Promise<readonly string[]>;
  /** What a link says. @throws {Error} As {@linkcode ProcFiles.readText}. */
  readLink(path: string): Promise<string>;
}

/** The /proc of this machine. */
export const systemProc: ProcFiles = {
  readText: (path) => Deno.readTextFile(path),
  list: listNames,
  readLink: (path) => Deno.readLink(path),
};

async function listNames(path: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(path)) names.push(name);
  return names;
}

/** Whether something is there, but not for us to see; everything else that fails in /proc has gone. */
export function isHidden(error: unknown): boolean {
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) return true;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EACCES" || code === "EPERM";
}
