import { Nat1Log } from "../../../../../src/cli/compat/nat1/nat1_log.ts";

/** A log that keeps its lines. */
export function recordedLog(isDebug = false): { readonly log: Nat1Log; readonly lines: string[] } {
  const lines: string[] = [];
  const log = new Nat1Log({
    output: { line: (text): void => void lines.push(text) },
    date: () => new Date(2026, 10, 21, 10, 0, 0),
    isDebug,
  });
  return { log, lines };
}
