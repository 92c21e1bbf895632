import assert from "node:assert/strict";
import { suggestKey } from "../../../src/config/suggest_key.ts";

const known = ["name", "protocol", "bind", "proxyProtocol", "url", "$schema", "allow"];

Deno.test("suggestKey() finds what is at most two typing mistakes away", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["protocl", "protocol"],
    ["portocol", "protocol"],
    ["protocoll", "protocol"],
    ["prptocpl", "protocol"],
    ["prptpcpl", undefined],
    ["nmae", "name"],
    ["schema", "$schema"],
    ["proxy_protocol", "proxyProtocol"],
    ["proxy-protocol", "proxyProtocol"],
    ["NAME", "name"],
    ["binding", undefined],
    ["ul", "url"],
    ["u", undefined],
    ["xy", undefined],
    ["", undefined],
    ["---", undefined],
    ["x".repeat(1_000_000), undefined],
  ];
  for (const [key, want] of cases) assert.equal(suggestKey(key, known), want, key.slice(0, 30));
});

Deno.test("suggestKey() takes the nearest, and nothing where nothing is known", () => {
  assert.equal(suggestKey("dent", ["deny", "den", "dens"]), "deny");
  assert.equal(suggestKey("tpc", ["udp", "tcp"]), "tcp");
  assert.equal(suggestKey("x", []), undefined);
});
