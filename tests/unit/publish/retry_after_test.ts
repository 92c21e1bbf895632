import assert from "node:assert/strict";
import { retryAfterMs } from "../../../src/publish/retry_after.ts";

const NOW = new Date("2026-11-21T02:00:00.000Z");

Deno.test("retryAfterMs() reads seconds and dates, an hour at most", () => {
  const table: readonly (readonly [string | null, number | undefined])[] = [
    [null, undefined],
    ["", undefined],
    [" ", undefined],
    ["soon", undefined],
    ["-1", undefined],
    ["0", 0],
    [" 120 ", 120_000],
    ["9999999999", 3_600_000],
    ["Sat, 21 Nov 2026 02:00:30 GMT", 30_000],
    ["Sat, 21 Nov 2026 01:00:00 GMT", 0],
    ["Sun, 22 Nov 2026 02:00:00 GMT", 3_600_000],
  ];
  for (const [header, wanted] of table) assert.equal(retryAfterMs(header, NOW), wanted, String(header));
});
