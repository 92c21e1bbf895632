import assert from "node:assert/strict";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { HookEvent } from "../../../src/core/mapping.ts";
import { type Hook, HOOK_DEFAULTS } from "../../../src/hook/hook.ts";
import { HookRunner } from "../../../src/hook/hook_runner.ts";
import { mapped } from "./hook_bench.ts";

/** What real programs make of news of port 14500. */
async function outputsOf(
  hooks: readonly Omit<Hook, keyof typeof HOOK_DEFAULTS>[],
): Promise<readonly HookEvent[]> {
  const events: HookEvent[] = [];
  const done = Promise.withResolvers<void>();
  await using runner = new HookRunner({
    hooks: hooks.map((hook) => ({ ...HOOK_DEFAULTS, ...hook })),
    name: "ssh",
    log: silentLogger,
    clock: systemClock,
    emit: (event) => {
      if (events.push(event) === hooks.length) done.resolve();
    },
  });
  runner.deliver(mapped(14500));
  await done.promise;
  return events;
}

Deno.test({
  name: "HookRunner hands each style to real programs as the peers do",
  ignore: Deno.build.os === "windows",
}, async () => {
  const natter = "'{protocol}' '{inner_ip}' '{inner_port}' '{outer_ip}' '{outer_port}' {x}";
  const show = ["/bin/sh", "-c", 'echo "$#|$*|$PORTHOLE_EVENT"', "sh"];
  const events = await outputsOf([
    { run: `echo ${natter}`, style: "natter" },
    { run: ["/bin/echo", "{outer_port}{outer_port}", "$HOME"], style: "natter" },
    { run: show, style: "natter2" },
    { run: 'echo "$6"', style: "natmap" },
    { run: show, style: "natmap" },
    { run: ["/bin/sh", "-c", "cat; cat; exit 3"], style: "json" },
    { run: ["/nonexistent/hook"], style: "json" },
  ]);
  assert.deepEqual(events.map(({ output, status }) => [output, status]), [
    ["tcp 192.168.1.2 3456 203.0.113.10 14500 {x}", 0],
    ["1450014500 $HOME", 0],
    ["5|tcp 192.168.1.2 3456 203.0.113.10 14500|mapped", 0],
    ["192.168.1.2", 0],
    ["6|203.0.113.10 14500 2001::38a4:cb00:710a 3456 tcp 192.168.1.2|mapped", 0],
    [
      '{"event":"mapped","name":"ssh","protocol":"tcp","internal":"192.168.1.2:3456",' +
      '"external":"203.0.113.10:14500","ip4p":"2001::38a4:cb00:710a","at":"1970-01-01T00:00:00.000Z"}',
      3,
    ],
    [undefined, undefined],
  ]);
  assert.match(events[6]?.error ?? "", /\/nonexistent\/hook/);
});
