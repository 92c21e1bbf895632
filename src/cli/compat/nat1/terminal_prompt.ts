import type { ByteSink } from "../../output.ts";
import type { Nat1Prompt } from "./config_file.ts";

export type { Nat1Prompt } from "./config_file.ts";

/** Longer than anybody answers yes or no. */
const MOST_BYTES = 1024;

/** Asks on stderr and listens on stdin; at its end the answer is empty. */
export function terminalPrompt(stderr: ByteSink): Nat1Prompt {
  return {
    get isTerminal(): boolean {
      return Deno.stdin.isTerminal();
    },
    async ask(question): Promise<string> {
      await stderr.write(new TextEncoder().encode(question));
      const bytes = new Uint8Array(MOST_BYTES);
      // A terminal hands over whole lines.
      const count = await Deno.stdin.read(bytes) ?? 0;
      return new TextDecoder().decode(bytes.subarray(0, count)).split("\n")[0] ?? "";
    },
  };
}
