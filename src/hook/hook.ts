/**
 * How a hook learns the news. Every style has the `PORTHOLE_…` environment too.
 *
 * - `natmap`: six arguments: public address, public port, IP4P (empty for IPv6), bind port, protocol, local address.
 * - `natter2`: five arguments: protocol, inner address, inner port, outer address, outer port; inner is the target,
 *   or the internal endpoint where nothing is forwarded.
 * - `natter`: no argument is appended; `{protocol}` `{inner_ip}` `{inner_port}` `{outer_ip}` `{outer_port}` in `run`
 *   are replaced, everywhere; other tags stay. Inner is as for `natter2`.
 * - `json`: the event, as in the JSON lines, on stdin.
 *
 * Arguments are appended to a program's own; a shell line has them as `"$1"`, `"$2"`, … (not on Windows).
 */
export type HookStyle = "natmap" | "natter2" | "natter" | "json";

/**
 * Events a hook may run for.
 *
 * For `lost` and `unusable` the arguments and placeholders name the mapping known last, and `PORTHOLE_EVENT` and
 * `PORTHOLE_REASON` tell the difference; while none was ever known, only style `json` runs.
 */
export type HookTrigger = "mapped" | "changed" | "restored" | "lost" | "unusable";

/**
 * A program to run on events of a tunnel; nothing in it needs a default any more.
 *
 * A hook is never told what it knows: news of the mapping it was told last does not run it. There are three
 * exceptions: it was told `lost` or `unusable` since; the event is `restored` and the style `json`; or the event is
 * `restored` and `events` names it in another list than the default one. On the other hand a mapping that it does
 * not know is told under whatever name it comes, if the hook listens for `mapped` (while it knows none) or `changed`.
 *
 * So `natmap` runs when one of its six arguments changes, as natmap does; `natter` on the first mapping and on each
 * change, as Natter 0.9 does; `natter2` likewise, though Natter 2 also calls when it starts over and nothing changed.
 */
export interface Hook {
  /** Program and leading arguments, run without a shell; or one line for the system's shell, because the user wrote one. */
  readonly run: readonly string[] | string;
  /** How it learns the news. */
  readonly style: HookStyle;
  /** What it runs for. */
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
  /** What it runs for. */
  events: DEFAULT_HOOK_TRIGGERS,
  timeoutMs: DEFAULT_HOOK_TIMEOUT_MS,
  retries: 0,
};
