/** What to run. */
export interface HookCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Added to our own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Called with output as it comes; the bytes are valid during the call. */
  readonly onOutput: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
}

/** How a hook ended. */
export interface HookExit {
  /** Exit status; absent if a signal ended it. */
  readonly status?: number;
  readonly signal?: string;
}

/** A running hook. */
export interface HookProcess {
  /** Settles once the program has ended, whoever may still hold its pipes. Never rejects. */
  readonly exit: Promise<HookExit>;
  /** Signals the program and what it has started; does nothing once it has ended. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/**
 * Starts a hook. No shell is involved, stdin is empty.
 *
 * @throws {Error} If the program cannot be started.
 */
export type SpawnHook = (command: HookCommand) => HookProcess;

/** Time for output that is still in the pipes after the program has ended. */
const OUTPUT_GRACE_MS = 100;

/** {@linkcode SpawnHook} of the machine; the program leads a process group of its own. */
export const spawnHook: SpawnHook = (command: HookCommand): HookProcess => {
  const isGrouped = Deno.build.os !== "windows";
  const child = new Deno.Command(command.program, {
    args: [...command.args],
    env: { ...command.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: isGrouped,
  }).spawn();
  const readers = [
    readAll(child.stdout, (bytes) => command.onOutput("stdout", bytes)),
    readAll(child.stderr, (bytes) => command.onOutput("stderr", bytes)),
  ];
  let hasEnded = false;
  return {
    exit: child.status.then(async (status): Promise<HookExit> => {
      hasEnded = true;
      // A background process of the hook can hold the pipes for ever.
      const timer = setTimeout(() => readers.forEach((reader) => reader.stop()), OUTPUT_GRACE_MS);
      await Promise.all(readers.map((reader) => reader.done));
      clearTimeout(timer);
      return status.signal === null ? { status: status.code } : { signal: status.signal };
    }),
    kill(signal): void {
      if (hasEnded) return;
      try {
        if (isGrouped) Deno.kill(-child.pid, signal);
        else child.kill(signal);
      } catch (error) {
        // It ended between our check and the call.
        if (!(error instanceof Deno.errors.NotFound) && !(error instanceof TypeError)) throw error;
      }
    },
  };
};

function readAll(
  stream: ReadableStream<Uint8Array>,
  onBytes: (bytes: Uint8Array) => void,
): { readonly done: Promise<void>; stop(): void } {
  const reader = stream.getReader();
  const done = (async (): Promise<void> => {
    try {
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) onBytes(chunk.value);
    } catch {
      // A broken pipe ends the output; the exit status is what counts.
    }
  })();
  return { done, stop: (): void => void reader.cancel().catch(() => {}) };
}
