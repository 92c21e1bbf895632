import assert from "node:assert/strict";
import type { MappingFields } from "../../../src/core/mapping.ts";
import { type Hook, HOOK_DEFAULTS, type HookTrigger } from "../../../src/hook/hook.ts";
import { type HookableEvent, hookInput } from "../../../src/hook/hook_input.ts";
import { HookQueue } from "../../../src/hook/hook_queue.ts";

function mapping(port: number): MappingFields {
  return {
    internal: { address: "192.168.1.2", port: 3456 },
    external: { address: "203.0.113.10", port },
  };
}

/** `mapped 1`, `changed 2`, `restored 1`, `lost`, `unusable`. */
function eventOf(text: string): HookableEvent {
  const [event, port] = text.split(" ");
  const base = { name: "ssh", protocol: "tcp", at: new Date(0) } as const;
  const fields = mapping(Number(port));
  switch (event) {
    case "mapped":
    case "restored":
      return { ...base, ...fields, event };
    case "changed":
      return { ...base, ...fields, event, previous: fields.external };
    case "lost":
    case "unusable":
      return { ...base, event, reason: "x" };
    default:
      throw new Error(text);
  }
}

/**
 * Offers events; `|` takes. Gives what was taken, as `mapped 1` or `lost 1`, with `+2` for two skipped ones.
 */
function play(script: string, hook?: Partial<Hook>, told?: MappingFields): readonly string[] {
  const queue = new HookQueue({ ...HOOK_DEFAULTS, run: ["/x"], style: "natmap", ...hook }, told);
  const taken: string[] = [];
  let latest = told;
  for (const step of script.split(", ")) {
    if (step !== "|") {
      const event = eventOf(step);
      if ("external" in event && event.event !== "lost") latest = event;
      queue.offer(hookInput(event, latest));
      continue;
    }
    const { isWaiting } = queue;
    const turn = queue.take();
    assert.equal(isWaiting, turn !== undefined);
    if (turn === undefined) continue;
    const skipped = turn.skipped === 0 ? "" : ` +${turn.skipped}`;
    taken.push(`${turn.event.event} ${turn.mapping?.external.port ?? "-"}${skipped}`);
  }
  return taken;
}

const events = (...list: readonly HookTrigger[]): Partial<Hook> => ({ events: list });

Deno.test("HookQueue.take() gives the newest and counts what it replaced", () => {
  assert.deepEqual(play("mapped 1, |, changed 2, changed 3, changed 4, |, |"), ["mapped 1", "changed 4 +2"]);
  assert.deepEqual(play("mapped 1, changed 2, lost, |", events("mapped", "changed", "lost")), ["lost 2 +2"]);
});

Deno.test("HookQueue.take() gives nothing when the hook knows the mapping already", () => {
  assert.deepEqual(play("mapped 1, |, lost, |, restored 1, |"), ["mapped 1"]);
  assert.deepEqual(play("mapped 1, |, changed 2, changed 1, |, changed 3, |"), ["mapped 1", "changed 3 +1"]);
  assert.deepEqual(play("mapped 1, |, changed 2, |", {}, mapping(1)), ["changed 2"]);
});

Deno.test("HookQueue.take() gives a restored mapping again where the user asked for that", () => {
  const script = "mapped 1, |, lost, |, restored 1, |";
  assert.deepEqual(play(script, events("restored")), ["restored 1"]);
  assert.deepEqual(play(script, { style: "json" }), ["mapped 1", "restored 1"]);
  assert.deepEqual(play(script, events("mapped", "lost")), ["mapped 1", "lost 1"]);
  assert.deepEqual(
    play(script, events("mapped", "changed", "restored", "lost")),
    ["mapped 1", "lost 1", "restored 1"],
  );
});

Deno.test("HookQueue.take() gives a mapping under another name when its own event was skipped", () => {
  const chosen = events("mapped", "changed", "lost");
  assert.deepEqual(play("mapped 1, |, changed 2, lost, |, restored 2, |", chosen), [
    "mapped 1",
    "lost 2 +1",
    "restored 2",
  ]);
  assert.deepEqual(play("mapped 1, changed 2, |", events("mapped")), ["changed 2 +1"]);
  assert.deepEqual(play("mapped 2, |", events("changed"), mapping(1)), ["mapped 2"]);
  assert.deepEqual(play("mapped 1, |, changed 2, |", events("changed")), ["changed 2"]);
  assert.deepEqual(play("mapped 1, |, lost, restored 1, |", chosen), ["mapped 1"]);
});

Deno.test("HookQueue.take() keeps the first name of the same news", () => {
  assert.deepEqual(play("mapped 1, lost, restored 1, |"), ["mapped 1"]);
});

Deno.test("HookQueue.take() gives every loss that the hook listens for, and the mapping again after it", () => {
  const chosen = events("mapped", "lost", "unusable");
  assert.deepEqual(play("mapped 1, |, lost, |, mapped 1, |, unusable, |, lost, |", chosen), [
    "mapped 1",
    "lost 1",
    "mapped 1",
    "unusable 1",
    "lost 1",
  ]);
});

Deno.test("HookQueue.take() gives a loss without any mapping to style json only", () => {
  assert.deepEqual(play("lost, |", { ...events("lost"), style: "json" }), ["lost -"]);
  for (const style of ["natmap", "natter", "natter2"] as const) {
    assert.deepEqual(play("lost, |", { ...events("lost"), style }), []);
    assert.deepEqual(play("lost, |", { ...events("lost"), style }, mapping(1)), ["lost 1"]);
  }
});
