/** What to run. */
export interface HookCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Windows: the arguments are passed on as they are, without quotes around them. @default {false} */
  readonly isVerbatim?: boolean;
  /** Added to our own environment, without what the service manager has told us alone. */
  readonly env: Readonly<Record<string, string>>;
  /** Written to its stdin, which then ends; absent: stdin is empty. */
  readonly stdin?: string;
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
  /**
   * Signals the program and what it has started; does nothing once it has ended. What a signalled program leaves
   * behind of its process group is killed when it ends.
   */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/**
 * Starts a hook, without a shell.
 *
 * @throws {Error} If the program cannot be started.
 */
export type SpawnHook = (command: HookCommand) => HookProcess;

/** Time for output that is still in the pipes after the program has ended. */
const OUTPUT_GRACE_MS = 100;

/** What systemd tells its own child; a hook that believed it would speak, listen or be watched in our name. */
const FOR_US_ALONE: ReadonlySet<string> = new Set([
  "NOTIFY_SOCKET",
  "WATCHDOG_PID",
  "WATCHDOG_USEC",
  "LISTEN_FDNAMES",
  "LISTEN_FDS",
  "LISTEN_PID",
  "LISTEN_PIDFDID",
]);

const isWindows = Deno.build.os === "windows";

/** {@linkcode SpawnHook} of the machine; the program leads a process group of its own. */
export const spawnHook: SpawnHook = (command: HookCommand): HookProcess => {
  const child = new Deno.Command(command.program, {
    args: [...command.args],
    clearEnv: true,
    env: { ...inheritedEnvironment(), ...command.env },
    stdin: command.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    detached: !isWindows,
    windowsRawArguments: command.isVerbatim ?? false,
  }).spawn();
  const stdin = command.stdin === undefined ? undefined : writeAll(child.stdin, command.stdin);
  const readers = [
    readAll(child.stdout, (bytes) => command.onOutput("stdout", bytes)),
    readAll(child.stderr, (bytes) => command.onOutput("stderr", bytes)),
  ];
  let hasEnded = false;
  let wasSignalled = false;
  return {
    exit: child.status.then(async (status): Promise<HookExit> => {
      hasEnded = true;
      if (wasSignalled) sendSignal(child, "SIGKILL");
      // A background process of the hook can hold the pipes for ever.
      const timer = setTimeout(() => readers.forEach((reader) => reader.stop()), OUTPUT_GRACE_MS);
      stdin?.stop();
      await Promise.all([...readers.map((reader) => reader.done), stdin?.done]);
      clearTimeout(timer);
      return status.signal === null ? { status: status.code } : { signal: status.signal };
    }),
    kill(signal): void {
      if (hasEnded) return;
      wasSignalled = true;
      sendSignal(child, signal);
    },
  };
};

function sendSignal(child: Deno.ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    if (isWindows) child.kill(signal);
    // The group lives as long as one of its processes does, so its number cannot be somebody else's.
    else Deno.kill(-child.pid, signal);
  } catch {
    // It ended between our check and the call, nothing of the group is left, or it became another user's (EPERM): in
    // each case there is nothing else to do.
  }
}

function inheritedEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => !FOR_US_ALONE.has(name)));
}

function writeAll(
  stream: WritableStream<Uint8Array>,
  text: string,
): { readonly done: Promise<void>; stop(): void } {
  const writer = stream.getWriter();
  const done = (async (): Promise<void> => {
    try {
      await writer.write(new TextEncoder().encode(text));
      await writer.close();
    } catch {
      // It does not want to read (EPIPE), or has ended; that is its own affair.
    }
  })();
  return { done, stop: (): void => void writer.abort().catch(() => {}) };
}

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
