import type { CliHost } from "../host.ts";

/**
 * The `natmap` front end.
 *
 * @param argv What follows `porthole natmap`, or the name `natmap` itself.
 * @returns The exit status.
 */
export function runNatmap(_argv: readonly string[], _host: CliHost): Promise<number> {
  return Promise.reject(new Error("Not built yet"));
}
