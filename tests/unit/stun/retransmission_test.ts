import assert from "node:assert/strict";
import { planRetransmission } from "../../../src/stun/retransmission.ts";

Deno.test("planRetransmission() gives the times of RFC 8489", () => {
  assert.deepEqual(planRetransmission(), {
    sendAtMs: [0, 500, 1500, 3500, 7500, 15_500, 31_500],
    giveUpAtMs: 39_500,
  });
  assert.deepEqual(planRetransmission({ rtoMs: 100, maxSends: 3, lastWaitRtos: 2 }), {
    sendAtMs: [0, 100, 300],
    giveUpAtMs: 500,
  });
});

Deno.test("planRetransmission() refuses numbers that make no sense", () => {
  const bad = [{ rtoMs: 0 }, { rtoMs: NaN }, { maxSends: 0 }, { maxSends: 1.5 }, { lastWaitRtos: -1 }];
  for (const options of bad) assert.throws(() => planRetransmission(options), RangeError);
});
