import type { Clock } from "../core/clock.ts";
import { errorMessage } from "../core/errors.ts";
import type { HookCommandLine } from "./hook_command.ts";
import { LastLine } from "./last_line.ts";
import type { HookExit, HookProcess, SpawnHook } from "./spawn_hook.ts";

/** What became of one run. */
export interface HookOutcome {
  /** Exit status 0, by itself and in time. */
  readonly isOk: boolean;
  /** Exit status; absent if a signal ended it or it could not start. */
  readonly status?: number | undefined;
  /** Why it failed; absent if it ended by itself. */
  readonly error?: string | undefined;
  /** Absent if it could not start. */
  readonly durationMs?: number | undefined;
  /** Last lines that are not blank, empty if none. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Options for {@linkcode runHook}. */
export interface RunHookOptions {
  /** Longer, and it is ended. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly spawn: SpawnHook;
  /** Its abort ends the program. */
  readonly signal: AbortSignal;
}

/** From SIGTERM to SIGKILL for a stuck hook. */
const KILL_AFTER_MS = 2000;
/** The same when we end: everything has to be gone within 200 ms. */
const KILL_AT_END_MS = 150;
/** What SIGKILL has not ended by then is not ours to end (another user's, or stuck in the kernel). */
const GIVE_UP_AFTER_MS = 1000;

/** Runs a program to its end; every failure is in the outcome, nothing is thrown. */
export async function runHook(
  makeCommand: () => HookCommandLine,
  options: RunHookOptions,
): Promise<HookOutcome> {
  const { clock, spawn } = options;
  const stdout = new LastLine();
  const stderr = new LastLine();
  const startMs = clock.now();
  const lines = (): Pick<HookOutcome, "stdout" | "stderr"> => ({ stdout: stdout.text, stderr: stderr.text });
  let process: HookProcess;
  try {
    process = spawn({
      ...makeCommand(),
      onOutput: (stream, bytes) => (stream === "stdout" ? stdout : stderr).push(bytes),
    });
  } catch (error) {
    return { isOk: false, error: errorMessage(error), ...lines() };
  }
  const { exit, reason } = await waitFor(process, options);
  const durationMs = Math.round(clock.now() - startMs);
  const error = reason ?? (exit.signal === undefined ? undefined : `ended by ${exit.signal}`);
  const isOk = exit.status === 0 && error === undefined;
  return { isOk, status: exit.status, error, durationMs, ...lines() };
}

/** Waits for the end, with a limit; an abort cuts it short. */
async function waitFor(
  process: HookProcess,
  { timeoutMs, clock, signal }: RunHookOptions,
): Promise<{ readonly exit: HookExit; readonly reason?: string }> {
  using timers = new DisposableStack();
  const immortal = Promise.withResolvers<HookExit>();
  let reason: string | undefined;
  const kill = (): void => {
    process.kill("SIGKILL");
    timers.use(clock.schedule(GIVE_UP_AFTER_MS, () => {
      reason += ", and cannot be killed";
      immortal.resolve({});
    }));
  };
  const end = (why: string, killAfterMs: number): void => {
    reason ??= why;
    process.kill("SIGTERM");
    timers.use(clock.schedule(killAfterMs, kill));
  };
  const stop = (): void => end("porthole is stopping", KILL_AT_END_MS);
  timers.use(clock.schedule(timeoutMs, () => {
    if (reason === undefined) end(`took longer than ${timeoutMs / 1000} s`, KILL_AFTER_MS);
  }));
  signal.addEventListener("abort", stop, { once: true });
  try {
    const exit = await Promise.race([process.exit, immortal.promise]);
    return reason === undefined ? { exit } : { exit, reason };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
