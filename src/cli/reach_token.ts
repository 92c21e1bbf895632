import { readFile } from "../config/read_file.ts";
import { readSecret } from "../config/secrets.ts";
import type { Secret } from "../core/secret.ts";
import { bearerOf } from "../reach/ask_reflector.ts";
import type { HostSession } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Reads the token of a reflector as typed: `env:NAME`, `file:PATH`, or a literal.
 *
 * @returns `undefined` if none was given.
 * @throws {UsageError} If it cannot be read, or HTTP cannot carry it; without the token.
 */
export async function readReachToken(
  text: string | undefined,
  { texts, host }: Pick<HostSession, "texts" | "host">,
): Promise<Secret | undefined> {
  if (text === undefined) return undefined;
  const { usage } = texts.reach;
  const reading = await readSecret(text, { readFile, readEnv: host.readEnv, directory: Deno.cwd() });
  if (reading.kind === "fault") throw new UsageError(usage.badSecret(reading.reason));
  try {
    bearerOf(reading.secret);
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(usage.badToken);
    throw error;
  }
  return reading.secret;
}
