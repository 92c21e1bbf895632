import { backoffMs } from "../core/backoff.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { type HookEvent, isMappingNews, type MappingEvent, type MappingFields } from "../core/mapping.ts";
import { type Random, systemRandom } from "../core/random.ts";
import { hookCommand, hookLabel } from "./hook_command.ts";
import { hookInput, hookKey, isHookable } from "./hook_input.ts";
import { HookQueue, type HookTurn } from "./hook_queue.ts";
import type { Hook } from "./hook.ts";
import { type HookOutcome, runHook } from "./run_hook.ts";
import { type SpawnHook, spawnHook } from "./spawn_hook.ts";

/** Options for {@linkcode HookRunner}. */
export interface HookRunnerOptions {
  readonly hooks: readonly Hook[];
  /** Name of the tunnel. */
  readonly name: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** Spreads repeated runs. @default {systemRandom} */
  readonly random?: Random;
  /** @default {spawnHook} */
  readonly spawn?: SpawnHook;
  /** The mapping that all hooks were told before a restart; news of it runs none of them. */
  readonly told?: MappingFields | undefined;
  /**
   * Told whenever {@linkcode HookRunner.told} is another one; `undefined`: from now on every mapping is news.
   */
  readonly onTold?: ((mapping: MappingFields | undefined) => void) | undefined;
  /** Told when a hook ended or could not start. */
  readonly emit: (event: HookEvent) => void;
}

/** A hook, what waits for it, and how its last run went. */
interface Seat {
  readonly hook: Hook;
  readonly queue: HookQueue;
  /** A run to be repeated now. */
  again?: Turn | undefined;
  /** Until then. */
  pause?: Disposable | undefined;
  /** The hook has not heard what it was to be told last, as it could not start. */
  isOwed: boolean;
}

interface Turn extends HookTurn {
  /** From 1. */
  readonly attempt: number;
}

/**
 * Runs a tunnel's hooks: one program at a time, those named first first, never through a shell unless the user wrote
 * a shell line. For each hook only the newest event waits that it listens for, of whatever kind; those it replaced
 * are counted. {@linkcode Hook} says what counts as news.
 *
 * A hook that fails or cannot start is told and logged, and repeated if asked, with growing pauses in which the other
 * hooks have their turn; the tunnel never notices. Disposing ends the running hook, SIGTERM and then SIGKILL, within
 * 200 ms, drops what waits, and waits for it.
 */
export class HookRunner implements AsyncDisposable {
  readonly #options: HookRunnerOptions;
  readonly #seats: readonly Seat[];
  readonly #ending = new AbortController();
  /** The mapping known last, whether or not anyone was told. */
  #latest: MappingFields | undefined;
  #told: MappingFields | undefined;
  #working: Promise<void> | undefined;

  constructor(options: HookRunnerOptions) {
    const { hooks, told } = this.#options = options;
    this.#latest = this.#told = told;
    this.#seats = hooks.map((hook) => ({ hook, queue: new HookQueue(hook, told), isOwed: false }));
  }

  /**
   * The mapping that every hook has been told, each in so far as it listens. It is `undefined` while there is none,
   * and after a hook was told that the mapping is lost; it stays the old one while a hook cannot be started, is to be
   * repeated, or was cut short, so that it is told again after a restart.
   */
  get told(): MappingFields | undefined {
    return this.#told;
  }

  /** Takes an event of the tunnel; returns at once. */
  deliver(event: MappingEvent): void {
    if (this.#ending.signal.aborted || this.#seats.length === 0 || !isHookable(event)) return;
    if (isMappingNews(event)) this.#latest = fieldsOf(event);
    const input = hookInput(event, this.#latest);
    for (const { queue } of this.#seats) queue.offer(input);
    this.#working ??= this.#work();
  }

  /** Ends the running hook. What waits is dropped. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    for (const { pause } of this.#seats) pause?.[Symbol.dispose]();
    await this.#working;
  }

  async #work(): Promise<void> {
    // The caller comes first; and a burst of news is one.
    await Promise.resolve();
    // What came meanwhile starts at the first hook again: none is to act on something before those ahead of it.
    for (let next = this.#next(); next !== undefined; next = this.#next()) await this.#run(...next);
    this.#working = undefined;
    this.#noteTold();
  }

  #next(): readonly [Seat, Turn] | undefined {
    if (this.#ending.signal.aborted) return undefined;
    for (const seat of this.#seats) {
      const turn = seat.queue.take();
      const again = seat.again;
      if (turn === undefined && again === undefined) continue;
      seat.again = undefined;
      seat.pause?.[Symbol.dispose]();
      seat.pause = undefined;
      if (turn !== undefined) return [seat, { ...turn, attempt: 1 }];
      if (again !== undefined) return [seat, again];
    }
    return undefined;
  }

  async #run(seat: Seat, turn: Turn): Promise<void> {
    const { clock, random = systemRandom, spawn = spawnHook } = this.#options;
    const { hook, queue } = seat;
    const isWindows = Deno.build.os === "windows";
    const { signal } = this.#ending;
    const outcome = await runHook(() => hookCommand(hook, turn, { isWindows }), {
      ...{ clock, spawn, signal, timeoutMs: hook.timeoutMs },
    });
    seat.isOwed = outcome.durationMs === undefined;
    const isRepeated = !outcome.isOk && turn.attempt <= hook.retries && !queue.isWaiting && !signal.aborted;
    const retryMs = isRepeated ? Math.round(backoffMs(turn.attempt, random)) : undefined;
    if (retryMs !== undefined) {
      seat.pause = clock.schedule(retryMs, () => {
        seat.pause = undefined;
        seat.again = { ...turn, skipped: 0, attempt: turn.attempt + 1 };
        this.#working ??= this.#work();
      });
    }
    this.#report(hook, turn, { ...outcome, retryMs });
  }

  #report(hook: Hook, turn: Turn, outcome: HookOutcome & { readonly retryMs: number | undefined }): void {
    const { clock, log, name, emit } = this.#options;
    const { isOk, status, error, durationMs, stdout, stderr, retryMs } = outcome;
    const command = hookLabel(hook);
    const attempt = hook.retries > 0 ? turn.attempt : undefined;
    const skipped = turn.skipped || undefined;
    const fields = {
      ...{ tunnel: name, command, on: turn.event.event, status, error },
      seconds: durationMs === undefined ? undefined : durationMs / 1000,
      stdout: stdout || undefined,
      stderr: stderr || undefined,
      ...{ attempt, skipped, retrySeconds: retryMs === undefined ? undefined : Math.ceil(retryMs / 1000) },
    };
    if (isOk) log.info("Hook ended", fields);
    else log.warn("Hook failed", fields);
    const output = (isOk ? "" : stderr) || stdout;
    emit({
      ...{ event: "hook", name, protocol: turn.event.protocol, at: clock.date(), command },
      ...(status !== undefined && { status }),
      ...(error !== undefined && { error }),
      ...(output !== "" && { output }),
      ...(durationMs !== undefined && { durationMs }),
      ...(attempt !== undefined && { attempt }),
      ...(skipped !== undefined && { skipped }),
    });
  }

  #noteTold(): void {
    if (this.#ending.signal.aborted) return;
    if (this.#seats.some(({ isOwed, pause }) => isOwed || pause !== undefined)) return;
    const told = this.#seats.some(({ queue }) => queue.isDown) ? undefined : this.#latest;
    if (keyOf(told) === keyOf(this.#told)) return;
    this.#told = told;
    this.#options.onTold?.(told);
  }
}

function fieldsOf({ internal, external, target }: MappingFields): MappingFields {
  return { internal, external, ...(target && { target }) };
}

function keyOf(mapping: MappingFields | undefined): string | undefined {
  return mapping && hookKey("json", mapping);
}
