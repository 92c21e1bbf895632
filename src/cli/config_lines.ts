import type { ConfigFault } from "../config/config_fault.ts";
import type { FileTrouble } from "../config/secrets.ts";
import type { ConfigTexts } from "../text/config_texts.ts";

/**
 * A fault as editors and compilers write it: `FILE:LINE:COLUMN: PATH: MESSAGE`; without the path where it is about the
 * whole file. `label` stands before the path: `warning`.
 */
export function faultLine(
  file: string,
  { line, column, path, message, label }: ConfigFault & { readonly label?: string | undefined },
): string {
  const parts = [label ?? "", path, message].filter((part) => part !== "");
  return [`${file}:${line}:${column}`, ...parts].join(": ");
}

/** One line about a file that cannot be read. */
export function unreadableLine(
  file: string,
  { trouble, reason, texts }: {
    readonly trouble: FileTrouble;
    readonly reason: string;
    readonly texts: ConfigTexts;
  },
): string {
  return texts.unreadable(file, trouble === "other" ? reason : texts.reasons[trouble]);
}
