import { silentLogger } from "../../../src/core/log.ts";
import { Output } from "../../../src/cli/output.ts";
import type { Session } from "../../../src/cli/session.ts";
import type { Lang } from "../../../src/text/lang.ts";
import { textsOf } from "../../../src/text/texts.ts";

/** A session that keeps what is written. */
export interface RecordedSession {
  readonly session: Session;
  /** Lines on stdout, once everything is written. */
  stdout(): Promise<readonly string[]>;
  /** Messages of errors on stderr. */
  readonly errors: readonly string[];
}

/** A session without a process around it. */
export function recordedSession(
  options: { readonly isJson?: boolean; readonly lang?: Lang } = {},
): RecordedSession {
  const { isJson = false, lang = "en" } = options;
  let written = "";
  const errors: string[] = [];
  const output = new Output({
    sink: {
      write(bytes): Promise<number> {
        written += new TextDecoder().decode(bytes);
        return Promise.resolve(bytes.length);
      },
    },
  });
  const log = { ...silentLogger, error: (message: string): void => void errors.push(message) };
  const session: Session = {
    texts: textsOf(lang),
    isJson,
    output,
    log,
    signal: new AbortController().signal,
  };
  return {
    session,
    errors,
    async stdout(): Promise<readonly string[]> {
      await output.flush();
      return written === "" ? [] : written.replace(/\n$/, "").split("\n");
    },
  };
}
