import assert from "node:assert/strict";
import { readCfAio } from "../../../../src/config/import/cf_aio.ts";
import { systemClock } from "../../../../src/core/clock.ts";
import { Secret } from "../../../../src/core/secret.ts";
import { planService } from "../../../../src/plan/plan_service.ts";
import { openPublisher } from "../../../../src/publish/open_publisher.ts";
import { openApiServer } from "../../../fakes/api_server.ts";
import { openFakeWorld } from "../../../fakes/fake_world.ts";
import { mapped } from "../webhook_rig.ts";
import { EMAIL, FakeCloudflare, KEY } from "./fake_cloudflare.ts";

const CF_AIO = {
  ...{ cf_email: EMAIL, cf_key: KEY, redirect_to_https: false },
  ...{ direct_host: "direct.example.com", redirect_host: "www.example.com" },
  ...{ srv_host: "mc.example.com", srv_name: "_minecraft" },
  ...{ pot_service_host: "pot.example.com", pot_service_key: "ssh" },
};
const host = { host: "h.example", port: 80 };
const OPTIONS = {
  defaults: { stunTcp: [host], stunUdp: [host], keepAliveHosts: [host] },
  baseDirectory: "/etc/p",
  secretOf: (text: string): Secret => new Secret(text),
};

Deno.test("openPublisher() does for an imported cf-aio.conf what cf-aio.py does", async () => {
  const { tunnels } = readCfAio(JSON.stringify(CF_AIO));
  const planned = planService({ tunnels: tunnels.map(({ tunnel }) => ({ ...tunnel, bind: 3456 })) }, OPTIONS);
  assert.ok(planned.kind === "plan", JSON.stringify(planned));
  const [options] = planned.plan.tunnels[0]?.publish ?? [];
  assert.ok(options !== undefined);
  const fake = new FakeCloudflare();
  await using server = openApiServer((request) => fake.handle(request));
  const toFake = (url: string, init: RequestInit): Promise<Response> =>
    fetch(url.replace("https://api.cloudflare.com/client/v4", server.url), init);
  const { platform } = openFakeWorld();
  // Only the pause before the port-over-TXT record is looked at again, which is over at once.
  const clock = {
    ...systemClock,
    schedule: (delayMs: number, callback: () => void): Disposable =>
      systemClock.schedule(delayMs < 10_000 ? 0 : delayMs, callback),
  };
  const publisher = openPublisher(options, { ...platform, clock, fetch: toFake });
  await publisher.publish(mapped(), new AbortController().signal);
  assert.deepEqual(fake.records.map(({ type, name, content, proxied }) => [type, name, content, proxied]), [
    ["A", "direct.example.com", "203.0.113.10", false],
    ["A", "www.example.com", "203.0.113.10", true],
    ["A", "mc.example.com", "203.0.113.10", false],
    ["SRV", "_minecraft._tcp.mc.example.com", "1\t10\t14500\tmc.example.com", false],
    ["TXT", "pot.example.com", '"c3NoX3RjcDoxNDUwMA=="', false],
  ]);
  assert.deepEqual(fake.rulesets.flatMap(({ rules }) => rules.map((rule) => rule["description"])), [
    "Natter: www.example.com",
  ]);
  const written = fake.writes.length;
  await publisher.publish(mapped(), new AbortController().signal);
  assert.equal(fake.writes.length, written);
});
