/**
 * How a hook learns the news. Arguments are appended to `run`; every style has the `PORTHOLE_…` environment too.
 *
 * - `natmap`: six arguments: public address, public port, IP4P (empty for IPv6), bind port, protocol, local address.
 * - `natter2`: five arguments: protocol, inner address, inner port, outer address, outer port; inner is the target,
 *   or the internal endpoint where nothing is forwarded.
 * - `natter`: no argument is appended; `{protocol}` `{inner_ip}` `{inner_port}` `{outer_ip}` `{outer_port}` in `run`
 *   are replaced.
 * - `json`: the event, as in the JSON lines, on stdin.
 */
export type HookStyle = "natmap" | "natter2" | "natter" | "json";

/** Events a hook may run for. */
export type HookTrigger = "mapped" | "changed" | "restored" | "lost" | "unusable";

/** A program to run on events of a tunnel; nothing in it needs a default any more. */
export interface Hook {
  /** Program and leading arguments, run without a shell; or one line for the system's shell, because the user wrote one. */
  readonly run: readonly string[] | string;
  readonly style: HookStyle;
  readonly events: readonly HookTrigger[];
  /** Longer, and it gets SIGTERM, then SIGKILL; its whole process group does. */
  readonly timeoutMs: number;
  /** How often a failed run is repeated, with growing pauses, while no newer event waits. */
  readonly retries: number;
}

/** A hook that takes longer is stuck. */
export const DEFAULT_HOOK_TIMEOUT_MS = 30_000;

/** What hooks run for unless told otherwise: the external endpoint is known, another one, or the same again. */
export const DEFAULT_HOOK_TRIGGERS: readonly HookTrigger[] = ["mapped", "changed", "restored"];

/** How long and how often, for hooks that say nothing about it. */
export const HOOK_DEFAULTS: Pick<Hook, "events" | "timeoutMs" | "retries"> = {
  events: DEFAULT_HOOK_TRIGGERS,
  timeoutMs: DEFAULT_HOOK_TIMEOUT_MS,
  retries: 0,
};
