import type { ByteSink } from "../../output.ts";
import type { Nat1Prompt } from "./config_file.ts";

/** Options for {@linkcode terminalPrompt}. */
export interface TerminalPromptOptions {
  /** Where questions go. */
  readonly stderr: ByteSink;
  /** Waits until what was said before is there. */
  readonly flush: () => Promise<void>;
  /** Ends the waiting for an answer. */
  readonly signal: AbortSignal;
}

/** Longer than anybody answers yes or no. */
const MOST_BYTES = 1024;

/** Asks on stderr and listens on stdin; at its end the answer is empty. */
export function terminalPrompt({ stderr, flush, signal }: TerminalPromptOptions): Nat1Prompt {
  return {
    get isTerminal(): boolean {
      return Deno.stdin.isTerminal();
    },
    async ask(question): Promise<string> {
      await flush();
      await stderr.write(new TextEncoder().encode(question));
      const stopped = Promise.withResolvers<never>();
      const stop = (): void => stopped.reject(signal.reason);
      signal.addEventListener("abort", stop, { once: true });
      try {
        signal.throwIfAborted();
        return await Promise.race([readLine(), stopped.promise]);
      } finally {
        signal.removeEventListener("abort", stop);
      }
    },
  };
}

async function readLine(): Promise<string> {
  const bytes = new Uint8Array(MOST_BYTES);
  // A terminal hands over whole lines.
  const count = await Deno.stdin.read(bytes) ?? 0;
  return new TextDecoder().decode(bytes.subarray(0, count)).split("\n")[0] ?? "";
}
