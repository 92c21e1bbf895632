import assert from "node:assert/strict";
import { describeNews, TunnelSharing } from "../../../src/daemon/tunnel_sharing.ts";
import type { TunnelPlan } from "../../../src/plan/tunnel_plan.ts";
import type { PortNews } from "../../../src/reuse/port_news.ts";
import type { PortSharing } from "../../../src/reuse/share_port.ts";
import { KeeperWorld } from "../../fakes/keeper_world.ts";
import { planFor } from "../../fakes/tunnel_plan.ts";

const nginx = { pid: 812, comm: "nginx" };
const NEWS: readonly (readonly [PortNews, RegExp])[] = [
  [{ kind: "nothing-there", elsewhere: [] }, /^Nothing serves the port yet$/],
  [
    { kind: "nothing-there", elsewhere: [{ address: "127.0.0.1", port: 80 }, { address: "::1", port: 80 }] },
    /only at 127\.0\.0\.1:80, \[::1\]:80: .*porthole forward/,
  ],
  [{ kind: "shares", holders: [nginx] }, /^The service nginx \(pid 812\) shares the port by itself$/],
  [{ kind: "shares", holders: [] }, /^The service shares/],
  [
    { kind: "made-shareable", holders: [nginx, { pid: 9, comm: "x" }], canRestart: true },
    /^The service nginx \(pid 812\), x \(pid 9\) shares the port now; it had not set SO_REUSEPORT((?!start again).)*$/,
  ],
  [{ kind: "made-shareable", holders: [nginx], canRestart: false }, /cannot start again .*SO_REUSEADDR/],
  [{ kind: "spare-sockets" }, /bound before/],
  [{ kind: "waiting", count: 3, limitMs: 60_000 }, /3 in TIME_WAIT.*60 s/],
  [{ kind: "refused", reason: { kind: "uid", uid: 33 } }, /uid 33.*CAP_CHOWN/],
];

Deno.test("describeNews() says each way in one line of its own", () => {
  const lines = NEWS.map(([news]) => describeNews(news));
  for (const [i, [, pattern]] of NEWS.entries()) assert.match(lines[i] ?? "", pattern);
  for (const line of lines) assert.doesNotMatch(line, /\n/);
  assert.equal(new Set(lines).size, lines.length);
});

/** What is given back when the sharing of this tunnel ends. */
function givenBack(changes: Partial<TunnelPlan>): readonly string[] {
  const given: string[] = [];
  const giveUp = (protocol: string, port: number): void => void given.push(`${protocol} ${port}`);
  const sharing = { giveUp } as unknown as PortSharing;
  const { platform } = new KeeperWorld();
  const { signal } = new AbortController();
  {
    using _shared = new TunnelSharing(planFor(changes), { platform, sharing, signal });
  }
  return given;
}

Deno.test("TunnelSharing gives the port back when disposed, and none that it was not to share", () => {
  assert.deepEqual(givenBack({ sharesPort: true }), ["tcp 3456"]);
  assert.deepEqual(givenBack({ sharesPort: true, protocol: "udp" }), ["udp 3456"]);
  assert.deepEqual(givenBack({ waitsForService: true }), []);
  assert.deepEqual(givenBack({ sharesPort: true, port: { kind: "fixed", port: 0 } }), []);
});
