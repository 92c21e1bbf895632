import type { CliHost } from "../host.ts";

/**
 * The `natter` front end.
 *
 * @param argv What follows `porthole natter`, or the name `natter` itself.
 * @returns The exit status.
 */
export function runNatter(_argv: readonly string[], _host: CliHost): Promise<number> {
  return Promise.reject(new Error("Not built yet"));
}
