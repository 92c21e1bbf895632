import type { Clock } from "../core/clock.ts";

/** What tells two states of a file apart; `undefined` if it is not there. */
export type FileMark = string | undefined;

/** Options for {@linkcode watchFile}. */
export interface WatchFileOptions {
  readonly clock: Clock;
  /** Told when the file has changed and has stood still since. */
  readonly onChange: () => void;
  /** @default {markOf} */
  readonly readMark?: (path: string) => FileMark;
}

/** Between two looks. One stat of one file costs nothing, and works on every file system and bind mount. */
const LOOK_MS = 2_000;

/**
 * Tells when a file was written or replaced, once it looks the same twice in a row: a half-written one is no news.
 * Disposing ends it.
 */
export function watchFile(path: string, options: WatchFileOptions): Disposable {
  const { clock, onChange, readMark = markOf } = options;
  let told = readMark(path);
  let seen = told;
  let timer = clock.schedule(LOOK_MS, look);
  function look(): void {
    timer = clock.schedule(LOOK_MS, look);
    const mark = readMark(path);
    const isSteady = mark === seen;
    seen = mark;
    if (!isSteady || mark === undefined || mark === told) return;
    told = mark;
    onChange();
  }
  return { [Symbol.dispose]: (): void => timer[Symbol.dispose]() };
}

/** Time of change, size and inode: an editor that replaces the file changes at least one of them. */
function markOf(path: string): FileMark {
  try {
    const { mtime, size, ino } = Deno.statSync(path);
    return `${mtime?.getTime()} ${size} ${ino}`;
  } catch {
    return undefined;
  }
}
