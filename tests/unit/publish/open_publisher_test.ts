import assert from "node:assert/strict";
import { Secret } from "../../../src/core/secret.ts";
import { openPublisher, publisherKey } from "../../../src/publish/open_publisher.ts";
import { openFakeWorld } from "../../fakes/fake_world.ts";
import { hookTo } from "./webhook_rig.ts";

Deno.test("openPublisher() opens the provider that the options name", () => {
  assert.equal(
    openPublisher(hookTo("http://127.0.0.1/"), { ...openFakeWorld().platform, fetch }).provider,
    "webhook",
  );
});

Deno.test("publisherKey() names the place, not the token, and shows neither", () => {
  const key = publisherKey(hookTo("http://127.0.0.1/SECRET"));
  assert.match(key, /^webhook-[0-9a-f]{16}$/);
  assert.equal(publisherKey(hookTo("http://127.0.0.1/SECRET", { token: new Secret("T") })), key);
  const others = [
    hookTo("http://127.0.0.1/OTHER"),
    hookTo("http://127.0.0.1/SECRET", { style: "nat1" }),
    hookTo("http://127.0.0.1/SECRET", { subDomain: "mc2" }),
  ];
  assert.equal(new Set([key, ...others.map(publisherKey)]).size, 4);
});
