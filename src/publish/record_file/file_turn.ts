import { dirname } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { delay } from "../../core/clock.ts";
import type { Random } from "../../core/random.ts";
import { PublishError } from "../publisher.ts";

/** What a {@linkcode inTurn} works with. */
export interface FileTurnOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Writers of this process, by path: a file is one for all of it, so that this is one of the few global things. */
const turns = new Map<string, Promise<void>>();
/** Others hold it for milliseconds. */
const LOCK_LIMIT_MS = 5_000;
const LOCK_PAUSE_MS = 20;

/**
 * Does some work on a file while nobody else of porthole does: in this process by taking turns, towards others by a lock
 * (`flock`) on the folder, which leaves nothing behind. Where the system cannot lock folders (Windows) there are turns only.
 *
 * @throws {PublishError} If somebody keeps the folder locked for 5 s.
 * @throws `signal.reason`, unchanged, if aborted while it waits.
 */
export async function inTurn<T>(path: string, work: () => Promise<T>, options: FileTurnOptions): Promise<T> {
  const before = turns.get(path);
  const turn = Promise.withResolvers<void>();
  const mine = (before ?? Promise.resolve()).then(() => turn.promise);
  turns.set(path, mine);
  try {
    await before;
    options.signal.throwIfAborted();
    using _lock = await lockFolder(dirname(path), options);
    return await work();
  } finally {
    turn.resolve();
    if (turns.get(path) === mine) turns.delete(path);
  }
}

async function lockFolder(
  path: string,
  { clock, random, signal }: FileTurnOptions,
): Promise<Disposable | undefined> {
  let folder: Deno.FsFile;
  try {
    folder = await Deno.open(path);
  } catch {
    // It is not there, or this system opens none; writing says why it cannot, if so.
    return undefined;
  }
  using stack = new DisposableStack();
  stack.use(folder);
  const endMs = clock.now() + LOCK_LIMIT_MS;
  while (!await tryLock(folder)) {
    if (clock.now() >= endMs) throw new PublishError("file", `somebody keeps the folder ${path} locked`);
    await delay(clock, LOCK_PAUSE_MS * (0.5 + random.fraction()), signal);
  }
  // Closing ends the lock.
  return stack.move();
}

/** File systems without locks are as good as locked. */
async function tryLock(folder: Deno.FsFile): Promise<boolean> {
  const isExclusive = true;
  return await folder.tryLock(isExclusive).catch(() => true);
}
