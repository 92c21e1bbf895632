import assert from "node:assert/strict";
import { type EpochRule, EpochWatch } from "../../../src/gateway/epoch_watch.ts";

/** Seconds between two answers, the epochs in them, and what each rule makes of it. */
const CASES:
  readonly (readonly [seconds: number, before: number, now: number, natPmp: boolean, pcp: boolean])[] = [
    [100, 1000, 1100, false, false],
    [100, 1000, 1098, false, false],
    [100, 1000, 1090, false, true], // 10 s behind: more than 1/16 and 2 s
    [100, 1000, 1087, false, true], // a clock slow by 1/8
    [100, 1000, 1080, true, true],
    [100, 1000, 5, true, true],
    [10, 3, 4, true, true], // restarted just now, soon after the start
    [15, 1000, 1120, false, true], // PCP: runs away
    [0, 1000, 999, false, false], // answers that overtook each other
    [0, 1000, 997, true, true],
  ];

for (const [seconds, before, now, natPmp, pcp] of CASES) {
  for (const [rule, expected] of [["nat-pmp", natPmp], ["pcp", pcp]] satisfies [EpochRule, boolean][]) {
    Deno.test(`EpochWatch.note() by ${rule} when ${before} becomes ${now} in ${seconds} s`, () => {
      const watch = new EpochWatch(rule);
      assert.ok(!(watch.note(before, 50_000)), "the first one tells nothing");
      assert.equal(watch.note(now, 50_000 + seconds * 1000), expected);
      assert.ok(!(watch.note(now + 60, 50_000 + seconds * 1000 + 60_000)), "once");
    });
  }
}
