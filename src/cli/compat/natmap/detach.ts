import { ownCommand } from "../../demo_child.ts";
import { frontEndOf } from "../../program_name.ts";

/** How a process is started; `Deno.Command` is one way. */
export type StartDetached = (command: string, args: readonly string[]) => void;

/**
 * natmap's `-d`: starts this program again in a session of its own, with our stdin, stdout, stderr, directory and
 * environment, and does not wait for it. A running Deno cannot fork, so arguments are read and everything is opened
 * by the new process; what fails after this call is told on the stderr that both share.
 *
 * @param argv As natmap got them; the new process ignores `-d`.
 * @throws {Error} If the program cannot be started.
 */
export function detachNatmap(argv: readonly string[], start: StartDetached = startDetached): void {
  const own = ownCommand();
  // An executable that is itself called natmap knows what it is without being told.
  const word = frontEndOf(own.command) === undefined ? ["natmap"] : [];
  start(own.command, [...own.args, ...word, "--foreground", ...argv]);
}

function startDetached(command: string, args: readonly string[]): void {
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
    detached: true,
  }).spawn();
  child.unref();
}
