/**
 * Tasks that live and die together: the first failure aborts the others, and leaving the scope waits for all.
 *
 * @example
 * ```ts
 * import { TaskGroup } from "./task_group.ts";
 *
 * await using group = new TaskGroup();
 * group.spawn(async (signal) => {
 *   signal.throwIfAborted();
 *   await Promise.resolve();
 * });
 * await group.join();
 * ```
 */
export class TaskGroup implements AsyncDisposable {
  readonly #controller = new AbortController();
  readonly #tasks = new Set<Promise<void>>();
  readonly #parent: AbortSignal | undefined;
  readonly #pass: () => void;
  #failure: { readonly error: unknown } | undefined;

  /** @param parent Its abort ends every task of the group. */
  constructor(parent?: AbortSignal) {
    this.#parent = parent;
    this.#pass = (): void => this.#controller.abort(parent?.reason);
    if (parent?.aborted) this.#pass();
    parent?.addEventListener("abort", this.#pass, { once: true });
  }

  /** Aborted when the group ends. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts a task; it has to end when its signal is aborted. */
  spawn(task: (signal: AbortSignal) => Promise<void>): void {
    const running = (async (): Promise<void> => {
      try {
        await task(this.signal);
      } catch (error) {
        if (this.signal.aborted && error === this.signal.reason) return;
        this.#failure ??= { error };
        this.#controller.abort(error);
      }
    })().finally(() => this.#tasks.delete(running));
    this.#tasks.add(running);
  }

  /** Ends every task. */
  abort(reason?: unknown): void {
    this.#controller.abort(reason);
  }

  /**
   * Waits until every task has ended, those started meanwhile included.
   *
   * @throws The first failure of a task.
   */
  async join(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
    if (this.#failure) throw this.#failure.error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort(new DOMException("The task group ended", "AbortError"));
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
    this.#parent?.removeEventListener("abort", this.#pass);
  }
}
