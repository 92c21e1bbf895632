import { decodeConfig, MOST_CONFIG_BYTES } from "../../../config/decode_config.ts";
import { NAT1_DEFAULT_CONFIG, type Nat1Config, readNat1Config } from "../../../config/import/nat1_config.ts";
import { readFile } from "../../../config/read_file.ts";
import { errorCode, errorMessage } from "../../../core/errors.ts";
import type { Logger } from "../../../core/log.ts";
import { configMissing, configUnreadable, LINES } from "./nat1_lines.ts";

/** Asks whoever sits at the terminal. */
export interface Nat1Prompt {
  /** Whether somebody does. */
  readonly isTerminal: boolean;
  /** What was typed after the question, without the end of the line. */
  ask(question: string): Promise<string>;
}

/** Options for {@linkcode loadNat1Config}. */
export interface LoadNat1ConfigOptions {
  readonly log: Logger;
  readonly prompt: Nat1Prompt;
}

/** Whoever wrote a file may read its token; nobody else needs to. */
const NEW_FILE_MODE = 0o600;
const BOM = [0xef, 0xbb, 0xbf] as const;

/**
 * Reads config.json as nat1_traversal does: keys that are missing get their defaults and the file is written back;
 * where there is no file, whoever sits at the terminal is asked whether to write one.
 *
 * @param path Absolute.
 * @returns `undefined` if there is none to go on with; why is logged.
 */
export async function loadNat1Config(
  path: string,
  { log, prompt }: LoadNat1ConfigOptions,
): Promise<Nat1Config | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path, MOST_CONFIG_BYTES);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) await offerConfig(path, { log, prompt });
    else log.error(configUnreadable(path, errorMessage(error)));
    return undefined;
  }
  const decoded = decodeConfig(bytes);
  if (decoded.kind === "fault") {
    log.error(configUnreadable(path, decoded.fault.message));
    return undefined;
  }
  // Decoding drops the mark, which is to be there again when the file is written.
  const isMarked = BOM.every((byte, i) => bytes[i] === byte);
  const reading = readNat1Config(isMarked ? `\uFEFF${decoded.text}` : decoded.text);
  if (reading.kind === "fault") {
    log.error(configUnreadable(path, reading.message));
    return undefined;
  }
  if (reading.completed !== undefined) await writeBack(path, reading.completed, log);
  return reading.config;
}

async function offerConfig(path: string, { log, prompt }: LoadNat1ConfigOptions): Promise<void> {
  log.error(configMissing(path));
  if (!prompt.isTerminal || !/^y(es)?$/i.test((await prompt.ask(LINES.askForConfig)).trim())) return;
  try {
    await Deno.writeTextFile(path, NAT1_DEFAULT_CONFIG, { createNew: true, mode: NEW_FILE_MODE });
  } catch (error) {
    log.error(`无法写入配置文件 ${path}：${errorMessage(error)}`);
  }
}

/** What cannot be written back is missing again next time, and no reason to stop. */
async function writeBack(path: string, text: string, log: Logger): Promise<void> {
  try {
    await replaceKeepingMode(await Deno.realPath(path), text);
  } catch (error) {
    log.warn(`无法写回配置文件 ${path}：${errorMessage(error)}`);
  }
}

/** Writes beside the file and renames, so that a crash loses nothing; mode and, where possible, owner stay. */
async function replaceKeepingMode(path: string, text: string): Promise<void> {
  const { mode, uid, gid } = await Deno.stat(path);
  const temporary = `${path}.tmp`;
  try {
    await Deno.writeTextFile(temporary, text, { createNew: true, mode: NEW_FILE_MODE });
    if (Deno.build.os !== "windows") {
      // Only root may give files away, and only root has a reason to.
      await Deno.chown(temporary, uid, gid).catch(() => {});
      await Deno.chmod(temporary, (mode ?? NEW_FILE_MODE) & 0o777);
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) await Deno.remove(temporary).catch(() => {});
    // A file that is a mount point (handed into a container alone) cannot be renamed over.
    if (errorCode(error) !== "EBUSY") throw error;
    await Deno.writeTextFile(path, text, { create: false });
  }
}
