import assert from "node:assert/strict";
import fc from "fast-check";
import type { Fetch } from "../../../src/reach/ask_http.ts";
import { askPublicCheckers, PUBLIC_CHECKERS } from "../../../src/reach/ask_public.ts";
import type { OutsideFinding } from "../../../src/reach/evidence.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { watch } from "../../fakes/fake_world.ts";

const ENDPOINT = { address: "203.0.113.10", port: 14_500 };

/** Asks with these answers of ifconfig.co and portcheck.transmissionbt.com; `undefined` never comes. */
async function ask(
  ifconfig: string | undefined,
  transmission: string | undefined,
): Promise<readonly OutsideFinding[]> {
  const clock = new FakeClock();
  const asked: string[] = [];
  const fetch: Fetch = (url, init) => {
    asked.push(url);
    const text = url.includes("ifconfig") ? ifconfig : transmission;
    if (text !== undefined) return Promise.resolve(new Response(text));
    return new Promise((_, reject) =>
      init.signal?.addEventListener("abort", () => reject(init.signal?.reason))
    );
  };
  const asking = watch(askPublicCheckers(ENDPOINT, { fetch, clock }));
  await clock.advance(8_000);
  assert.deepEqual(asked, ["https://ifconfig.co/port/14500", "https://portcheck.transmissionbt.com/14500"]);
  assert.equal(clock.pendingTimers, 0);
  return asking.value ?? assert.fail("it takes longer than 8 s");
}

function says(ip: string, state: "open" | "closed"): string {
  return JSON.stringify({ ip, ip_decimal: 1, port: 14500, reachable: state === "open" });
}

Deno.test("askPublicCheckers() takes what they say about our address", async () => {
  const [first, second] = await ask(says("203.0.113.10", "open"), "1");
  assert.deepEqual([first?.state, first?.reason, first?.seen], ["yes", "says-open", "203.0.113.10"]);
  assert.deepEqual([second?.state, second?.reason, second?.seen], ["yes", "says-open", undefined]);
  const closed = await ask(says("203.0.113.10", "closed"), "0\n");
  assert.deepEqual(closed.map(({ state, reason }) => [state, reason]), [["no", "says-closed"], [
    "no",
    "says-closed",
  ]]);
});

Deno.test("askPublicCheckers() says so when they test another address, also those that do not name it", async () => {
  const findings = await ask(says("198.51.100.99", "open"), "1");
  assert.deepEqual(findings.map(({ state, reason, seen }) => [state, reason, seen]), [
    ["unknown", "other-address", "198.51.100.99"],
    ["unknown", "other-address", "198.51.100.99"],
  ]);
  const [, failed] = await ask(says("198.51.100.99", "open"), undefined);
  assert.deepEqual([failed?.reason, failed?.seen], ["failed", undefined], "it tested nothing");
});

Deno.test("askPublicCheckers() is unknown where an answer is none or does not come", async () => {
  for (const text of [undefined, "", "2", "null", "<html>", '{"reachable":"yes"}', "x".repeat(9000)]) {
    const findings = await ask(text, text);
    assert.deepEqual(findings.map(({ state, reason }) => [state, reason]), [["unknown", "failed"], [
      "unknown",
      "failed",
    ]]);
    assert.ok(findings.every(({ detail }) => detail !== undefined && detail !== ""));
  }
});

Deno.test("PublicChecker.read() is total", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.record({ reachable: fc.boolean(), ip: fc.anything() }).map((value) => {
      try {
        return JSON.stringify(value);
      } catch {
        return "";
      }
    }),
  );
  fc.assert(fc.property(texts, (text) => {
    for (const { read } of PUBLIC_CHECKERS) {
      const answer = read(text);
      if (answer !== undefined) assert.equal(typeof answer.isOpen, "boolean");
    }
  }));
});
