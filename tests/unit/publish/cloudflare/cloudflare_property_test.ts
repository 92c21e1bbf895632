import assert from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import { openCloudflare } from "../../../../src/publish/cloudflare/cloudflare.ts";
import { PublishError } from "../../../../src/publish/publisher.ts";
import { openFakeWorld } from "../../../fakes/fake_world.ts";
import { aPlan } from "../record_plans.ts";
import { mapped } from "../webhook_rig.ts";
import { cloudflareOptions, TOKEN } from "./fake_cloudflare.ts";

const member = fc.constantFrom(
  ...[
    "id",
    "name",
    "type",
    "content",
    "data",
    "rules",
    "phase",
    "kind",
    "description",
    "ttl",
    "cursors",
    "after",
  ],
);
/** Something that may look like a part of the API. */
const part = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.dictionary(member, fc.oneof(fc.constantFrom("example.com", "A", "zone"), fc.jsonValue({ maxDepth: 1 }))),
);
const answer = fc.oneof(
  fc.record({
    success: fc.oneof(fc.boolean(), fc.jsonValue({ maxDepth: 0 })),
    errors: fc.oneof(fc.array(fc.record({ code: part, message: fc.string() })), part),
    result: fc.oneof(fc.array(part, { maxLength: 3 }), part),
    result_info: fc.oneof(fc.constant({ total_count: 1 }), part),
  }, { requiredKeys: [] }),
  part,
);

Deno.test("openCloudflare() makes one named error of whatever an API answers", async () => {
  const { platform } = openFakeWorld();
  await fc.assert(
    fc.asyncProperty(
      fc.array(answer, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(200, 200, 200, 400, 403, 500),
      async (answers, status) => {
        let asked = 0;
        const fetch = (): Promise<Response> => {
          // Nobody has endless lists: the last answers end them.
          const value = answers[asked++] ?? { success: true, result: [], result_info: null };
          return Promise.resolve(Response.json(value, { status }));
        };
        const redirects = [{
          host: "www.example.com",
          to: "d.example.com",
          scheme: "http",
          status: 302,
        }] as const;
        const options = cloudflareOptions("http://api.test", { records: [aPlan()], redirects });
        const publisher = openCloudflare(options, { ...platform, fetch });
        const error = await publisher.publish(mapped(), new AbortController().signal).catch((reason) =>
          reason
        );
        assert.ok(error === undefined || error instanceof PublishError, inspect(error));
        assert.ok(!inspect(error).includes(TOKEN));
      },
    ),
    { numRuns: 300 },
  );
});
