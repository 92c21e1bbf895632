import { isMappingNews, type MappingFields } from "../core/mapping.ts";
import { DEFAULT_HOOK_TRIGGERS, type Hook } from "./hook.ts";
import { type HookInput, hookKey } from "./hook_input.ts";

/** What a hook is to be told now. */
export interface HookTurn extends HookInput {
  /** Events since the last turn that the hook never heard of. */
  readonly skipped: number;
}

/**
 * What waits for one hook: only the newest of the events it listens for, of whatever kind, because a hook is to learn
 * how things are and not how they were. Pure: nothing runs here.
 */
export class HookQueue {
  readonly #hook: Hook;
  readonly #isRestoredExplicit: boolean;
  #pending: HookInput | undefined;
  #skipped = 0;
  /** Key of the mapping the hook was told last. */
  #known: string | undefined;
  #isDown = false;

  /** @param told The mapping that the hook was told before a restart. */
  constructor(hook: Hook, told?: MappingFields) {
    this.#hook = hook;
    this.#known = told && hookKey(hook.style, told);
    const isDefault = hook.events.length === DEFAULT_HOOK_TRIGGERS.length &&
      DEFAULT_HOOK_TRIGGERS.every((trigger) => hook.events.includes(trigger));
    this.#isRestoredExplicit = hook.events.includes("restored") && (hook.style === "json" || !isDefault);
  }

  /** Whether `lost` or `unusable` is what the hook was told last. */
  get isDown(): boolean {
    return this.#isDown;
  }

  /** Whether {@linkcode HookQueue.take} has something. */
  get isWaiting(): boolean {
    return this.#pending !== undefined && this.#isDue(this.#pending);
  }

  /** Takes an event; it replaces the one that waits. */
  offer(input: HookInput): void {
    if (!this.#isMeant(input)) return;
    const waiting = this.#pending;
    if (waiting !== undefined && this.#isSame(waiting, input)) {
      // The first name of the same news says more (`mapped`, not the `restored` after it), the last reason of a loss.
      if (!isMappingNews(input.event)) this.#pending = input;
      return;
    }
    if (waiting !== undefined && this.#isDue(waiting)) this.#skipped++;
    this.#pending = input;
  }

  /** What the hook is to be told now, which it knows from then on; `undefined` if nothing. */
  take(): HookTurn | undefined {
    const input = this.#pending;
    this.#pending = undefined;
    if (input === undefined || !this.#isDue(input)) return undefined;
    const { event, mapping } = input;
    this.#isDown = !isMappingNews(event);
    if (isMappingNews(event)) this.#known = hookKey(this.#hook.style, event);
    const skipped = this.#skipped;
    this.#skipped = 0;
    return { event, mapping, skipped };
  }

  /** Whether the hook listens for this. */
  #isMeant({ event, mapping }: HookInput): boolean {
    const { events, style } = this.#hook;
    if (mapping === undefined && style !== "json") return false;
    if (events.includes(event.event)) return true;
    if (!isMappingNews(event)) return false;
    // Missing the event that named it first (it was skipped, or before a restart) must not keep a mapping from it.
    if (hookKey(style, event) === this.#known && this.#pending === undefined) return false;
    return events.includes(this.#known === undefined ? "mapped" : "changed");
  }

  /** Whether the hook does not know this already. */
  #isDue({ event }: HookInput): boolean {
    const { events, style } = this.#hook;
    if (!isMappingNews(event) || hookKey(style, event) !== this.#known) return true;
    if (this.#isDown) return events.includes(event.event);
    return event.event === "restored" && this.#isRestoredExplicit;
  }

  #isSame(a: HookInput, b: HookInput): boolean {
    if (!isMappingNews(a.event) || !isMappingNews(b.event)) return a.event.event === b.event.event;
    const { style } = this.#hook;
    return hookKey(style, a.event) === hookKey(style, b.event);
  }
}
