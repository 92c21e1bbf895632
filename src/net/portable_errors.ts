import { PortholeError } from "../core/errors.ts";
import type { BindOptions } from "../core/net.ts";

/** An option that only Linux with libc has. */
export class UnsupportedError extends PortholeError {
  override readonly name = "UnsupportedError";
  override readonly code = "unsupported";
}

/** @throws {UnsupportedError} If an interface or a mark is asked for. */
export function refuseLinuxOptions(options: BindOptions): void {
  if (options.device !== undefined) {
    throw new UnsupportedError(`Cannot bind to interface ${options.device}: only Linux can`);
  }
  if (options.mark !== undefined) {
    throw new UnsupportedError(`Cannot set mark ${options.mark}: only Linux can`);
  }
}

/** Whatever node threw, as an error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
