import { libc } from "./libc.ts";

/** Descriptors this thread opened and has not closed; other threads share the process' table. */
const live = new Set<number>();

/** Is told of every descriptor this thread begins and ends to own. */
export interface DescriptorObserver {
  opened(fd: number): void;
  /**
   * Just before it is closed, or after it was handed over.
   *
   * @returns `false` if another thread has taken it to close it.
   */
  closed(fd: number): boolean;
}

let observer: DescriptorObserver | undefined;

/** Reports the descriptors of this thread from now on; `undefined` ends it. */
export function observeDescriptors(next: DescriptorObserver | undefined): void {
  observer = next;
}

/** Closes a number whose owner cannot any more: the thread that had it is dead. */
export function closeOrphan(fd: number): void {
  libc().close(fd);
}

/** A file descriptor with exactly one owner. Disposing closes it, once. */
export class Descriptor implements Disposable {
  #fd: number | undefined;

  /** Takes the ownership of an open descriptor. */
  constructor(fd: number) {
    this.#fd = fd;
    live.add(fd);
    observer?.opened(fd);
  }

  /** Whether it was closed or handed over. */
  get isClosed(): boolean {
    return this.#fd === undefined;
  }

  /**
   * The number, for calls.
   *
   * @throws {TypeError} If it is closed: its number may be another file by now.
   */
  get number(): number {
    if (this.#fd === undefined) throw new TypeError("Cannot use descriptor: it is closed");
    return this.#fd;
  }

  /** Hands the number over to another owner; this object forgets it. */
  release(): number {
    const fd = this.number;
    this.#fd = undefined;
    live.delete(fd);
    observer?.closed(fd);
    return fd;
  }

  [Symbol.dispose](): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    this.#fd = undefined;
    live.delete(fd);
    if (observer?.closed(fd) === false) return;
    // Linux frees the number even where close() fails, so trying again could close somebody else's.
    libc().close(fd);
  }
}

/** Numbers of the descriptors this thread holds, ascending: equal before and after where nothing leaks. */
export function openFds(): readonly number[] {
  return [...live].sort((a, b) => a - b);
}
