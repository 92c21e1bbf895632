import type { CliHost } from "../host.ts";

/**
 * The `nat1` front end.
 *
 * @param argv What follows `porthole nat1`, or the name `nat1` itself.
 * @returns The exit status.
 */
export function runNat1(_argv: readonly string[], _host: CliHost): Promise<number> {
  return Promise.reject(new Error("Not built yet"));
}
