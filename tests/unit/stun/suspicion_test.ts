import assert from "node:assert/strict";
import { type Suspicion, suspicionOf } from "../../../src/stun/suspicion.ts";

const LOCAL = { address: "192.168.1.2", port: 3456 };

Deno.test("suspicionOf() judges reflexive addresses", async (t) => {
  const cases: readonly (readonly [string, Suspicion])[] = [
    ["8.8.8.8", "none"],
    ["203.0.113.10", "none"],
    ["198.18.0.5", "fake-ip"],
    ["198.19.255.255", "fake-ip"],
    ["198.20.0.1", "none"],
    ["10.0.0.1", "private"],
    ["192.168.1.2", "private"],
    ["100.64.0.1", "cgn"],
    ["100.128.0.1", "none"],
    ["127.0.0.1", "loopback"],
    ["169.254.0.1", "link-local"],
    ["2620:fe::fe", "other-family"],
  ];
  for (const [address, expected] of cases) {
    await t.step(`${address} is ${expected}`, () => {
      assert.equal(suspicionOf({ address, port: 14500 }, LOCAL), expected);
    });
  }
});

Deno.test("suspicionOf() knows a host without NAT, and lets loopback be", () => {
  assert.equal(suspicionOf(LOCAL, LOCAL), "same-as-local");
  const inside = { address: "127.64.0.2", port: 3456 };
  assert.equal(suspicionOf({ address: "127.70.0.1", port: 40000 }, inside), "none");
});
