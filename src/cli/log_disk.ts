/** A log file that is open for appending. */
export interface LogDiskFile {
  /** Bytes in it when it was opened. */
  readonly size: number;
  /** Whether renaming it makes sense: devices and pipes are no regular files. */
  readonly isRegular: boolean;
  /** Writes at the end, maybe not all of it. */
  write(bytes: Uint8Array): Promise<number>;
  /** Cuts off what is beyond `size`. */
  truncate(size: number): Promise<void>;
  close(): void;
}

/** The file system as a log needs it; handed in, so that tests can fill a disk. */
export interface LogDisk {
  /**
   * Opens a file for appending and creates it if it is missing, readable for its owner and group only: log lines
   * name clients.
   *
   * @throws {Error} With the system's `code`.
   */
  open(path: string): Promise<LogDiskFile>;
  /** Renames over what is there; what is missing is no fault. */
  rename(from: string, to: string): Promise<void>;
  /** Removes; what is missing is no fault. */
  remove(path: string): Promise<void>;
}

const MODE = 0o640;

/** The file system of the machine. */
export const systemLogDisk: LogDisk = {
  open: openLogFile,
  rename: (from, to) => unlessMissing(Deno.rename(from, to)),
  remove: (path) => unlessMissing(Deno.remove(path)),
};

async function openLogFile(path: string): Promise<LogDiskFile> {
  await refusePipe(path);
  const file = await Deno.open(path, { append: true, create: true, mode: MODE });
  try {
    const { size, isFile } = await file.stat();
    return {
      size,
      isRegular: isFile,
      write: (bytes) => file.write(bytes),
      truncate: (length) => file.truncate(length),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Opening a pipe that nobody reads would take for ever. */
async function refusePipe(path: string): Promise<void> {
  const { isFifo } = await Deno.stat(path).catch(() => ({ isFifo: false }));
  if (isFifo) throw new Error(`Cannot log to ${path}: it is a pipe`);
}

async function unlessMissing(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
