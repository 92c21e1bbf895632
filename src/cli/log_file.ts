import { type LogDisk, type LogDiskFile, systemLogDisk } from "./log_disk.ts";

/** Where a log file is, and how much of it is kept. */
export interface LogFileSettings {
  readonly path: string;
  /** It is rotated before it would grow beyond this; a longer line gets a file of its own. */
  readonly maxBytes: number;
  /** Files kept, the current one included: `PATH`, `PATH.1` (the newest of the old), `PATH.2`, … */
  readonly maxFiles: number;
}

/** Options for {@linkcode LogFile}. */
export interface LogFileOptions {
  /** Called once when writing begins to fail; lines are dropped until it works again. */
  readonly onFault: (error: unknown) => void;
  /** Called once it works again, with the number of lines that were dropped. */
  readonly onRecovered: (missedLines: number) => void;
  /** @default {systemLogDisk} */
  readonly disk?: LogDisk;
  /** A disk that is behind by more than this loses lines; nothing ever waits for it. @default {1_048_576} */
  readonly maxPendingBytes?: number;
}

/** One thing to do, in order. */
type LogStep =
  | { readonly kind: "line"; readonly bytes: Uint8Array }
  | { readonly kind: "configure"; readonly settings: LogFileSettings | undefined };

/**
 * Writes lines to a file and rotates it, in order, without ever throwing or making the caller wait. Each line is a new
 * try after a failure (full disk, missing directory, …).
 */
export class LogFile implements AsyncDisposable {
  readonly #options: LogFileOptions;
  readonly #disk: LogDisk;
  readonly #maxPendingBytes: number;
  /** Of the file that lines go to now. */
  #settings: LogFileSettings | undefined;
  /** Whether lines taken now will go to a file. */
  #hasFile = false;
  readonly #queue: LogStep[] = [];
  #pendingBytes = 0;
  #file: LogDiskFile | undefined;
  #size = 0;
  #isFailing = false;
  #missed = 0;
  #working: Promise<void> | undefined;

  constructor(options: LogFileOptions) {
    this.#options = options;
    const { disk = systemLogDisk, maxPendingBytes = 1_048_576 } = options;
    this.#disk = disk;
    this.#maxPendingBytes = maxPendingBytes;
  }

  /**
   * Goes over to another file, or to none, once the lines before are written. The file is opened anew even if nothing
   * changed, so that another program may have moved it away.
   */
  configure(settings: LogFileSettings | undefined): void {
    this.#hasFile = settings !== undefined;
    this.#queue.push({ kind: "configure", settings });
    this.#working ??= this.#work();
  }

  /** Queues one line; the newline is added. Without a file it goes nowhere. */
  line(text: string): void {
    if (!this.#hasFile) return;
    const bytes = new TextEncoder().encode(`${text}\n`);
    if (this.#pendingBytes + bytes.length > this.#maxPendingBytes) {
      this.#missed++;
      return this.#fail(new Error("Cannot keep up: the disk is slower than the log"));
    }
    this.#queue.push({ kind: "line", bytes });
    this.#pendingBytes += bytes.length;
    this.#working ??= this.#work();
  }

  /** Waits until every line is written or dropped. */
  async flush(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  /** Writes what waits and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    this.configure(undefined);
    await this.flush();
  }

  async #work(): Promise<void> {
    await Promise.resolve(); // So that #working is set before it can be cleared.
    for (let step = this.#queue[0]; step !== undefined; step = this.#queue[0]) {
      try {
        if (step.kind === "line") {
          await this.#writeLines();
        } else {
          this.#queue.shift();
          await this.#reopen(step.settings);
        }
      } catch (error) {
        this.#close();
        this.#missed += this.#take(this.#linesAhead()).length;
        this.#fail(error);
      }
    }
    this.#working = undefined;
  }

  async #reopen(settings: LogFileSettings | undefined): Promise<void> {
    this.#close();
    if (settings?.path !== this.#settings?.path) {
      // What another file suffers from is told anew.
      this.#isFailing = false;
      this.#missed = 0;
    }
    this.#settings = settings;
    if (settings !== undefined) await this.#open(settings);
  }

  /** Writes as many lines as fit into the file, one at least, or makes room. */
  async #writeLines(): Promise<void> {
    const settings = this.#settings;
    const file = settings && (this.#file ?? await this.#open(settings));
    const lines = this.#linesAhead();
    if (settings === undefined || file === undefined) return void this.#take(lines);
    const room = file.isRegular ? settings.maxBytes - this.#size : Infinity;
    if (this.#size > 0 && (lines[0]?.length ?? 0) > room) return await this.#rotate(settings);
    const fitting: Uint8Array[] = [];
    let bytes = 0;
    for (const line of lines) {
      if (fitting.length > 0 && bytes + line.length > room) break;
      fitting.push(line);
      bytes += line.length;
    }
    await this.#write(file, joined(fitting, bytes));
    this.#take(fitting);
    this.#succeed();
  }

  /** The lines up to the next change of the file. */
  #linesAhead(): readonly Uint8Array[] {
    const lines: Uint8Array[] = [];
    for (const step of this.#queue) {
      if (step.kind !== "line") break;
      lines.push(step.bytes);
    }
    return lines;
  }

  /** Removes lines from the front of the queue. */
  #take(lines: readonly Uint8Array[]): readonly Uint8Array[] {
    this.#queue.splice(0, lines.length);
    for (const line of lines) this.#pendingBytes -= line.length;
    return lines;
  }

  async #write(file: LogDiskFile, bytes: Uint8Array): Promise<void> {
    try {
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await file.write(rest));
      this.#size += bytes.length;
    } catch (error) {
      // Half a line must not be what the next one is appended to.
      if (file.isRegular) await file.truncate(this.#size).catch(() => {});
      throw error;
    }
  }

  async #open({ path }: LogFileSettings): Promise<LogDiskFile> {
    const file = await this.#disk.open(path);
    this.#file = file;
    this.#size = file.size;
    return file;
  }

  async #rotate(settings: LogFileSettings): Promise<void> {
    const { path, maxFiles } = settings;
    this.#close();
    const nameOf = (age: number): string => age === 0 ? path : `${path}.${age}`;
    if (maxFiles <= 1) await this.#disk.remove(path);
    for (let age = maxFiles - 1; age > 0; age--) await this.#disk.rename(nameOf(age - 1), nameOf(age));
    await this.#open(settings);
  }

  #close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #fail(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#options.onFault(error);
  }

  #succeed(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    const missed = this.#missed;
    this.#missed = 0;
    this.#options.onRecovered(missed);
  }
}

function joined(lines: readonly Uint8Array[], bytes: number): Uint8Array {
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const line of lines) {
    all.set(line, at);
    at += line.length;
  }
  return all;
}
