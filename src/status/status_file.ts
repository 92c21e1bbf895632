import { type Clock, delay } from "../core/clock.ts";
import { errorMessage } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { MappingEvent } from "../core/mapping.ts";
import { NatterStatus } from "./natter_status.ts";
import { type FileWriter, systemWriter } from "../core/replace_file.ts";
import type { ServiceSnapshot } from "./service_snapshot.ts";

/** Options for {@linkcode StatusFile.open}. */
export interface StatusFileOptions {
  readonly path: string;
  /** `porthole`: the snapshot as JSON; `natter`: Natter 0.9's. */
  readonly format: "porthole" | "natter";
  readonly snapshot: () => ServiceSnapshot;
  readonly clock: Clock;
  readonly log: Logger;
  /** @default {systemWriter} */
  readonly writer?: FileWriter | undefined;
}

/** At most one write in this time: all tunnels of a NAT that restarted change at once. */
const GAP_MS = 500;
/** A disk that was full may have room again although nothing changed. */
const RETRY_MS = 30_000;
/** A network file system that hangs must not keep the process from ending. */
const LAST_WRITE_MS = 2_000;

/**
 * A file that shows the state of the tunnels: written at the start, on changes, and a last time when it is disposed;
 * it is kept then. A folder that is full, missing or read-only is told once and tried
 * again with the next change and every 30 seconds; nothing here ever throws or waits for the disk.
 */
export class StatusFile implements AsyncDisposable {
  readonly #options: StatusFileOptions;
  readonly #writer: FileWriter;
  readonly #format: (snapshot: ServiceSnapshot) => string;
  #isDirty = true;
  #timer: Disposable | undefined;
  #writing: Promise<void> | undefined;
  /** Monotonic time before which nothing is written. */
  #notBeforeMs = -Infinity;
  #written: string | undefined;
  #hasFailed = false;
  #isClosed = false;

  private constructor(options: StatusFileOptions) {
    this.#options = options;
    this.#writer = options.writer ?? systemWriter;
    const natter = new NatterStatus();
    this.#format = options.format === "natter"
      ? (snapshot): string => natter.format(snapshot)
      : (snapshot): string => `${JSON.stringify(snapshot, undefined, 2)}\n`;
  }

  /** Starts, and resolves after the first try to write. */
  static async open(options: StatusFileOptions): Promise<StatusFile> {
    const file = new StatusFile(options);
    await file.#start();
    return file;
  }

  /** Something changed. @param event What it was, if that is known; clients that come and go are no change. */
  note(event?: MappingEvent): void {
    if (this.#isClosed || event?.event === "client") return;
    if (this.#isDirty && this.#timer !== undefined) return;
    this.#isDirty = true;
    this.#schedule(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    const stop = new AbortController();
    const limit = delay(this.#options.clock, LAST_WRITE_MS, stop.signal).catch(() => {});
    await Promise.race([this.#finish(), limit]);
    stop.abort();
  }

  async #finish(): Promise<void> {
    await this.#writing;
    if (this.#isDirty) await this.#write();
  }

  /** @param afterMs At the earliest. */
  #schedule(afterMs: number): void {
    if (this.#isClosed || this.#writing !== undefined) return;
    const { clock } = this.#options;
    this.#timer?.[Symbol.dispose]();
    const delayMs = Math.max(afterMs, this.#notBeforeMs - clock.now());
    this.#timer = clock.schedule(delayMs, () => void this.#start());
  }

  #start(): Promise<void> {
    this.#timer = undefined;
    return this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
      if (this.#isDirty) this.#schedule(0);
      else if (this.#hasFailed) this.#schedule(RETRY_MS);
    });
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const { path, snapshot, clock, log } = this.#options;
    this.#isDirty = false;
    this.#notBeforeMs = clock.now() + GAP_MS;
    try {
      const text = this.#format(snapshot());
      if (text === this.#written) return;
      await this.#writer.replace(path, text);
      this.#written = text;
      if (this.#hasFailed) log.info("Status file is written again", { path });
      this.#hasFailed = false;
    } catch (error) {
      // What is there now is not known.
      this.#written = undefined;
      if (!this.#hasFailed) {
        log.warn("Cannot write status file; trying again", { path, reason: errorMessage(error) });
      }
      this.#hasFailed = true;
    }
  }
}
