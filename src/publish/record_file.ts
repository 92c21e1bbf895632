import { isSameData } from "./same_record_set.ts";
import { dirname } from "node:path";
import { type Clock, delay } from "../core/clock.ts";
import { isWithin } from "../core/domain_name.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { type FileWriter, systemWriter } from "../core/replace_file.ts";
import type { RecordType } from "../dns/record_data.ts";
import type { FileOptions } from "./options.ts";
import { PublishError } from "./publisher.ts";
import { inTurn } from "./record_file/file_turn.ts";
import { jsonFormat } from "./record_file/json_format.ts";
import { brokenFile } from "./record_file/record_format.ts";
import { zoneFormat } from "./record_file/zone_format.ts";
import type { RecordSet } from "./record_set.ts";
import { RecordConflictError, type RecordStore, type ReplaceOptions } from "./record_store.ts";

/** What a {@linkcode openRecordFile} works with. */
export interface RecordFileParts {
  readonly clock: Clock;
  readonly random: Random;
  /** @default {systemWriter} */
  readonly writer?: FileWriter | undefined;
}

const TYPES: ReadonlySet<RecordType> = new Set(["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"]);
/** A zone of a hundred thousand records; what is larger is another kind of file. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Somebody else has to write in the same millisecond for the second one. */
const MOST_TRIES = 5;
const PAUSE_MS = 100;

/** Why a file cannot be used, and whether that stays until somebody changes something. */
const TROUBLES: Readonly<Record<string, { readonly words: string; readonly isPermanent: boolean }>> = {
  EACCES: { words: "permission denied", isPermanent: true },
  EPERM: { words: "permission denied", isPermanent: true },
  EROFS: { words: "the file system is read-only", isPermanent: true },
  EISDIR: { words: "it is a folder", isPermanent: true },
  ENOTDIR: { words: "the folder does not exist", isPermanent: true },
  ENAMETOOLONG: { words: "the name is too long", isPermanent: true },
  ENOSPC: { words: "the disk is full", isPermanent: false },
  EDQUOT: { words: "the quota is used up", isPermanent: false },
};

/**
 * Records in a file: a fragment of a zone, or JSON. The file is made where it is missing (its folder is not), and
 * replaced in one step, so that readers see the old text or the new one; everything in it that is not of the record set
 * stays as it is. Writers of porthole exclude each other; what another program writes in between is seen and the change
 * made again. Nothing of a broken file is overwritten.
 */
export function openRecordFile(options: FileOptions, parts: RecordFileParts): RecordStore {
  return new RecordFile(options, parts);
}

class RecordFile implements RecordStore {
  readonly provider = "file";
  readonly types: ReadonlySet<RecordType> = TYPES;
  readonly #options: FileOptions;
  readonly #parts: RecordFileParts;

  constructor(options: FileOptions, parts: RecordFileParts) {
    this.#options = options;
    this.#parts = parts;
  }

  async read(name: string, type: RecordType, signal: AbortSignal): Promise<RecordSet> {
    signal.throwIfAborted();
    this.#checkZone(name);
    const text = await this.#readText();
    signal.throwIfAborted();
    return this.#setIn(text, { name, type });
  }

  async replace(set: RecordSet, { expected, signal }: ReplaceOptions): Promise<void> {
    signal.throwIfAborted();
    this.#checkZone(set.name);
    const work = (): Promise<void> => this.#change(set, { expected, signal });
    // The same file by another name is the same file.
    const path = await Deno.realPath(this.#options.path).catch(() => this.#options.path);
    await inTurn(path, work, { ...this.#parts, signal });
  }

  async #change(set: RecordSet, { expected, signal }: ReplaceOptions): Promise<void> {
    const { clock, random } = this.#parts;
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      if (tries > 1) await delay(clock, PAUSE_MS * tries * (0.5 + random.fraction()), signal);
      const text = await this.#readText();
      signal.throwIfAborted();
      const current = this.#setIn(text, set);
      if (
        expected !== undefined && !isSameData(current.data, expected.data) &&
        (tries === 1 || !isSameData(current.data, set.data))
      ) {
        throw new RecordConflictError("file", set);
      }
      if (text === undefined && set.data.length === 0) return;
      const wanted = this.#format.replace(text, set);
      if (wanted === text) return;
      await this.#writeText(wanted);
      // Another program may have read the file before and written it after us.
      if (await this.#readText() === wanted) return;
    }
    throw new PublishError("file", `somebody else keeps writing to ${this.#options.path}`);
  }

  #checkZone(name: string): void {
    const { zone } = this.#options;
    if (zone === undefined || isWithin(name, zone)) return;
    throw new PublishError("file", `${name} is not in the zone ${zone}`, { isPermanent: true });
  }

  get #format(): typeof zoneFormat {
    return this.#options.format === "json" ? jsonFormat : zoneFormat;
  }

  #setIn(text: string | undefined, set: Pick<RecordSet, "name" | "type">): RecordSet {
    const { name, type } = set;
    return text === undefined ? { name, type, ttlSeconds: 0, data: [] } : this.#format.read(text, set);
  }

  async #readText(): Promise<string | undefined> {
    const { path } = this.#options;
    let bytes: Uint8Array;
    try {
      const { isFile, size } = await Deno.stat(path);
      // A pipe would never end.
      if (!isFile) throw brokenFile(`${path} is not a regular file`);
      if (size > MOST_BYTES) throw brokenFile(`${path} is larger than 16 MiB`);
      bytes = await Deno.readFile(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error instanceof PublishError ? error : this.#trouble("read", error);
    }
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      // Written anew it would lose what cannot be read.
      throw brokenFile(`${path} is not UTF-8`);
    }
  }

  async #writeText(text: string): Promise<void> {
    const { writer = systemWriter } = this.#parts;
    try {
      await writer.replace(this.#options.path, text);
    } catch (error) {
      throw this.#trouble("write", error);
    }
  }

  #trouble(verb: "read" | "write", error: unknown): PublishError {
    const { path } = this.#options;
    if (error instanceof Deno.errors.NotFound) {
      return new PublishError("file", `the folder ${dirname(path)} does not exist`, { isPermanent: true });
    }
    const trouble = TROUBLES[errorCode(error) ?? ""];
    const reason = `cannot ${verb} ${path}: ${trouble?.words ?? errorMessage(error)}`;
    return new PublishError("file", reason, { isPermanent: trouble?.isPermanent ?? false });
  }
}
