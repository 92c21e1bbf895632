import type { Clock } from "../core/clock.ts";
import { errorMessage } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { HookEvent, MappingEvent } from "../core/mapping.ts";
import { hookEnvironment, hookKey, isMappingNews, type MappingNews, natmapArguments } from "./hook_input.ts";
import type { Hook } from "./hook.ts";
import { LastLine } from "./last_line.ts";
import { type HookExit, type HookProcess, type SpawnHook, spawnHook } from "./spawn_hook.ts";

/** Options for {@linkcode HookRunner}. */
export interface HookRunnerOptions {
  readonly hooks: readonly Hook[];
  /** Name of the tunnel. */
  readonly name: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** @default {spawnHook} */
  readonly spawn?: SpawnHook;
  /** Told when a hook ended or could not start. */
  readonly emit: (event: HookEvent) => void;
}

/** A hook that takes longer is stuck. */
const LIMIT_MS = 30_000;
/** From SIGTERM to SIGKILL for a stuck hook. */
const KILL_AFTER_MS = 2000;
/** The same when we end: everything has to be gone within 200 ms. */
const KILL_AT_END_MS = 150;

/**
 * Runs a tunnel's hooks whenever the public or the local endpoint differs from what they were told last: one
 * program at a time, in order, never through a shell. While one runs, only the newest news waits. A hook that
 * fails or cannot start is told and logged; the tunnel never notices.
 *
 * Disposing ends the running hook and waits for it.
 */
export class HookRunner implements AsyncDisposable {
  readonly #options: HookRunnerOptions;
  readonly #spawn: SpawnHook;
  #pending: MappingNews | undefined;
  #toldKey: string | undefined;
  #working: Promise<void> | undefined;
  #ending: (() => void) | undefined;
  #isEnding = false;

  constructor(options: HookRunnerOptions) {
    this.#options = options;
    this.#spawn = options.spawn ?? spawnHook;
  }

  /** Takes an event of the tunnel; returns at once. */
  deliver(event: MappingEvent): void {
    if (this.#isEnding || this.#options.hooks.length === 0 || !isMappingNews(event)) return;
    this.#pending = event;
    this.#working ??= this.#work();
  }

  /** Ends the running hook: SIGTERM, then SIGKILL. What waits is dropped. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    this.#pending = undefined;
    this.#ending?.();
    await this.#working;
  }

  async #work(): Promise<void> {
    // The caller comes first; and a burst of news is one.
    await Promise.resolve();
    for (let event = this.#take(); event !== undefined; event = this.#take()) {
      for (const hook of this.#options.hooks) {
        await this.#run(hook, event);
        // What came meanwhile replaces the rest: every hook is to hear the newest, none something stale.
        if (this.#hasNewer() || this.#isEnding) break;
      }
    }
    this.#working = undefined;
  }

  #hasNewer(): boolean {
    return this.#pending !== undefined && hookKey(this.#pending) !== this.#toldKey;
  }

  #take(): MappingNews | undefined {
    const event = this.#hasNewer() ? this.#pending : undefined;
    this.#pending = undefined;
    if (event !== undefined) this.#toldKey = hookKey(event);
    return event;
  }

  async #run(hook: Hook, event: MappingNews): Promise<void> {
    const { clock, log, name } = this.#options;
    const [program = "", ...leading] = typeof hook.run === "string" ? ["/bin/sh", "-c", hook.run] : hook.run;
    const output = { stdout: new LastLine(), stderr: new LastLine() };
    const startMs = clock.now();
    let result: { readonly exit?: HookExit; readonly error?: string };
    try {
      const process = this.#spawn({
        program,
        args: [...leading, ...natmapArguments(event)],
        env: hookEnvironment(event),
        onOutput: (stream, bytes) => output[stream].push(bytes),
      });
      result = await this.#wait(process);
    } catch (error) {
      result = { error: errorMessage(error) };
    }
    const { exit, error = exit?.signal === undefined ? undefined : `ended by ${exit.signal}` } = result;
    const fields = {
      tunnel: name,
      command: program,
      status: exit?.status,
      error,
      seconds: Math.round(clock.now() - startMs) / 1000,
      stdout: output.stdout.text || undefined,
      stderr: output.stderr.text || undefined,
    };
    if (exit?.status === 0) log.info("Hook ended", fields);
    else log.warn("Hook failed", fields);
    this.#tell(event, program, exit?.status, error);
  }

  /** Waits for the end, with a limit; a disposal cuts it short. */
  async #wait(process: HookProcess): Promise<{ readonly exit: HookExit; readonly error?: string }> {
    const { clock } = this.#options;
    using timers = new DisposableStack();
    let reason: string | undefined;
    const end = (why: string, killAfterMs: number): void => {
      if (reason !== undefined) return;
      reason = why;
      process.kill("SIGTERM");
      timers.use(clock.schedule(killAfterMs, () => process.kill("SIGKILL")));
    };
    timers.use(clock.schedule(LIMIT_MS, () => end(`took longer than ${LIMIT_MS / 1000} s`, KILL_AFTER_MS)));
    this.#ending = (): void => end("porthole is stopping", KILL_AT_END_MS);
    try {
      const exit = await process.exit;
      return reason === undefined ? { exit } : { exit, error: reason };
    } finally {
      this.#ending = undefined;
    }
  }

  #tell(event: MappingNews, command: string, status: number | undefined, error: string | undefined): void {
    this.#options.emit({
      event: "hook",
      name: this.#options.name,
      protocol: event.protocol,
      at: this.#options.clock.date(),
      command,
      ...(status === undefined ? {} : { status }),
      ...(error === undefined ? {} : { error }),
    });
  }
}
