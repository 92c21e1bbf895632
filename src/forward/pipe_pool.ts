import { Pipe } from "../../ffi/mod.ts";
import { errorCode } from "../core/errors.ts";

/**
 * Best first. An unprivileged user gets 64 pipes of 1 MiB, then nothing but 8 KiB in all his processes, so the pool
 * is small and takes less where more is refused.
 */
const PIPE_SIZES = [1 << 20, 1 << 18, 1 << 16] as const;

/** Below it copying is cheaper than splicing. */
const SMALLEST_USEFUL_BYTES = 1 << 16;

/** Pipes of one Worker; more directions than that are never blocked while full at a time in ordinary use. */
const POOL_SIZE = 16;

/** After a refusal the kernel is left alone for so long. */
const REFUSED_PAUSE_MS = 10_000;

/** Options for {@linkcode PipePool}. */
export interface PipePoolOptions {
  /** @default {16} */
  readonly size?: number;
  /** @default {Pipe.open} */
  readonly open?: (sizes: readonly number[]) => Pipe;
}

/**
 * A bounded set of pipes, opened when first needed and lent for as long as they hold bytes. Disposing closes all,
 * lent ones too.
 */
export class PipePool implements Disposable {
  readonly #size: number;
  readonly #open: (sizes: readonly number[]) => Pipe;
  readonly #idle: Pipe[] = [];
  readonly #lent = new Set<Pipe>();
  #refusedUntilMs = -Infinity;

  constructor(options: PipePoolOptions = {}) {
    const { size = POOL_SIZE, open = Pipe.open } = options;
    this.#size = size;
    this.#open = open;
  }

  /** Open pipes, lent or not. */
  get count(): number {
    return this.#idle.length + this.#lent.size;
  }

  /** An empty pipe; `undefined` if all are lent or the kernel has none of use. */
  take(nowMs: number): Pipe | undefined {
    const pipe = this.#idle.pop() ?? this.#openOne(nowMs);
    if (pipe !== undefined) this.#lent.add(pipe);
    return pipe;
  }

  /** Takes an empty pipe back. */
  give(pipe: Pipe): void {
    if (this.#lent.delete(pipe)) this.#idle.push(pipe);
  }

  /** Closes a lent pipe that still holds somebody's bytes. */
  discard(pipe: Pipe): void {
    if (this.#lent.delete(pipe)) pipe[Symbol.dispose]();
  }

  /** Closes those that are not lent: nothing has used them for a while. */
  trim(): void {
    for (const pipe of this.#idle.splice(0)) pipe[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.trim();
    for (const pipe of this.#lent) pipe[Symbol.dispose]();
    this.#lent.clear();
  }

  #openOne(nowMs: number): Pipe | undefined {
    if (this.count >= this.#size || nowMs < this.#refusedUntilMs) return undefined;
    try {
      const pipe = this.#open(PIPE_SIZES);
      if (pipe.capacity >= SMALLEST_USEFUL_BYTES) return pipe;
      pipe[Symbol.dispose]();
    } catch (error) {
      if (errorCode(error) !== "EMFILE" && errorCode(error) !== "ENFILE") throw error;
    }
    this.#refusedUntilMs = nowMs + REFUSED_PAUSE_MS;
    return undefined;
  }
}
