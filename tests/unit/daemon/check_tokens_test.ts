import assert from "node:assert/strict";
import { CheckTokens } from "../../../src/daemon/check_tokens.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";

Deno.test("CheckTokens knows its own tokens, and whether they arrived", () => {
  const tokens = new CheckTokens(fakeRandom());
  const [one, other] = [tokens.issue(), tokens.issue()];
  assert.notEqual(one, other);
  assert.match(one, /^[0-9a-f]{32}$/);
  assert.ok(!tokens.hasSeen(one));
  assert.ok(tokens.accept(one));
  assert.ok(tokens.hasSeen(one));
  assert.ok(!tokens.hasSeen(other));
});

Deno.test("CheckTokens.accept() refuses what was never issued, or is revoked", () => {
  const tokens = new CheckTokens(fakeRandom());
  const token = tokens.issue();
  for (const text of ["", token.slice(1), `${token}0`, token.toUpperCase() + "g"]) {
    assert.ok(!tokens.accept(text));
    assert.ok(!tokens.hasSeen(text));
  }
  tokens.accept(token);
  tokens.revoke(token);
  assert.ok(!tokens.hasSeen(token));
  assert.ok(!tokens.accept(token));
});
