import { readFile } from "../config/read_file.ts";
import { reasonOf, troubleOf } from "../config/secrets.ts";
import type { ConfigArgs } from "./command_args.ts";
import { unreadableLine } from "./config_lines.ts";
import type { Session } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/** Much longer than any configuration of a program with one tunnel. */
const MOST_IMPORT_BYTES = 1024 * 1024;

/**
 * `porthole config`: checks a configuration, turns that of another program into ours, or prints the JSON Schema.
 *
 * @returns 0 if it went well; 1 if the file has faults, cannot be read, or is nobody's.
 * @throws {UsageError} If FILE is missing, or given where there is nothing to read.
 */
export async function runConfig(args: ConfigArgs, session: Session): Promise<number> {
  const { usage } = session.texts;
  const { action, file } = args;
  if (action === "schema") {
    if (file !== undefined) throw new UsageError(usage.unexpected(file));
    const { configJsonSchema } = await import("../config/json_schema.ts");
    session.output.line(configJsonSchema().trimEnd());
    return 0;
  }
  if (file === undefined) throw new UsageError(usage.missingArgument("FILE"));
  if (action === "import") return await importFile(file, session);
  const { checkConfig } = await import("./config_check.ts");
  return await checkConfig(file, session);
}

async function importFile(file: string, session: Session): Promise<number> {
  const { texts: { config: texts }, isJson, output, log } = session;
  const { importConfig } = await import("../config/import/import_config.ts");
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file, MOST_IMPORT_BYTES);
  } catch (error) {
    log.error(unreadableLine(file, { trouble: troubleOf(error), reason: reasonOf(error), texts }));
    return 1;
  }
  const refused = (reason: string): number => {
    log.error(texts.notImported(file, reason));
    return 1;
  };
  if (bytes.length > MOST_IMPORT_BYTES) return refused(texts.importTooLarge);
  const imported = importConfig(new TextDecoder().decode(bytes), { fileName: file });
  if (imported.kind === "unknown") return refused(imported.reason);
  if (isJson) output.json({ text: imported.text });
  else output.line(imported.text.replace(/\n$/, ""));
  return 0;
}
