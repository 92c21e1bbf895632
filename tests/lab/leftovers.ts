import { runCommand } from "./command.ts";

const NAMESPACE = /^phlab-(\d+)-\d+-[a-z]+$/;
const FOLDER = /^phlab-(\d+)-\d+$/;

/** Name of a namespace of this process' lab number `number`. */
export function namespaceName(number: number, role: string): string {
  return `phlab-${Deno.pid}-${number}-${role}`;
}

/** Temporary folder of this process' lab number `number`. */
export function labFolder(number: number): string {
  return `/tmp/phlab-${Deno.pid}-${number}`;
}

/**
 * Removes namespaces, with the processes inside them, and folders of earlier labs whose runner is gone. Those of
 * a runner that still lives, or whose process number was given to another program meanwhile, are left alone.
 */
export async function removeLeftovers(): Promise<void> {
  const listed = await runCommand(["ip", "netns", "list"]);
  const names = listed.split("\n").map((line) => line.split(" ")[0] ?? "");
  for (const name of names.filter((name) => isOrphaned(NAMESPACE.exec(name)?.[1]))) {
    const pids = await runCommand(["ip", "netns", "pids", name]);
    for (const pid of pids.split("\n").filter((line) => line !== "")) {
      try {
        Deno.kill(Number(pid), "SIGKILL");
      } catch {
        // It ended by itself between listing and killing.
      }
    }
    await runCommand(["ip", "netns", "delete", name]);
  }
  for (const entry of [...Deno.readDirSync("/tmp")]) {
    if (isOrphaned(FOLDER.exec(entry.name)?.[1])) {
      await Deno.remove(`/tmp/${entry.name}`, { recursive: true });
    }
  }
}

function isOrphaned(pid: string | undefined): boolean {
  if (pid === undefined || Number(pid) === Deno.pid) return false;
  try {
    Deno.statSync(`/proc/${pid}`);
    return false;
  } catch {
    return true;
  }
}
