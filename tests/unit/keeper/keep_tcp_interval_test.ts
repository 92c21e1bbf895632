import assert from "node:assert/strict";
import { KeepAliveServer } from "../../../src/box/keep_alive_server.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { keepTcp } from "../../../src/keeper/keep_tcp.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { FakeNet } from "../../fakes/fake_net.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";
import { planFor } from "../../fakes/tunnel_plan.ts";

Deno.test("keepTcp() follows an interval that changes while the connection stands", async () => {
  const clock = new FakeClock();
  const net = new FakeNet({ clock });
  const listen = { address: "198.51.100.1", port: 80 };
  using server = await KeepAliveServer.open({ net, clock, listen });
  let intervalMs = 15_000;
  const options = {
    ...planFor({ keepAliveHosts: [{ host: listen.address, port: listen.port }] }),
    get intervalMs(): number {
      return intervalMs;
    },
  };
  const transport = keepTcp(options, { clock, net, log: silentLogger, random: fakeRandom() });
  const handlers = { onChange: (): void => {}, onBreak: (): void => {} };
  await using _anchor = transport.openAnchor({ address: "192.168.1.2", port: 3456 }, handlers, undefined);
  await clock.advance(46_000);
  const before = server.requestCount;
  assert.ok(before >= 2 && before <= 4, `${before}`);
  intervalMs = 5_000;
  await clock.advance(15_000);
  const change = server.requestCount;
  await clock.advance(50_000);
  assert.equal(server.requestCount - change, 10);
});
