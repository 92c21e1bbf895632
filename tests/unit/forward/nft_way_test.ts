import assert from "node:assert/strict";
import { parseEndpoint } from "../../../src/core/endpoint.ts";
import { chooseWay, type WayFacts } from "../../../src/forward/nft_way.ts";

const FACTS: WayFacts = {
  internal: { address: "192.168.9.2", port: 20_123 },
  addresses: [
    { device: "lo", address: "127.0.0.1", prefixBits: 8 },
    { device: "lan0", address: "192.168.9.2", prefixBits: 24 },
    { device: "lan1", address: "10.77.0.1", prefixBits: 24 },
    { device: "lan0", address: "2001:db8:9::2", prefixBits: 64 },
    { device: "wg0", address: "10.9.0.2", prefixBits: 32 },
  ],
  source: "10.77.0.1",
  isForwardingOn: true,
  routesLoopback: false,
  listeners: [],
  masquerade: "auto",
};

function choose(target: string, changes: Partial<WayFacts> = {}): ReturnType<typeof chooseWay> {
  return chooseWay(parseEndpoint(target), { ...FACTS, ...changes });
}

Deno.test("chooseWay() keeps the client's address towards targets on a link that we route for", () => {
  const way = choose("10.77.0.2:80");
  assert.deepEqual(way, {
    kind: "dnat",
    to: { address: "10.77.0.2", port: 80 },
    device: "lan1",
    masquerade: "same-link",
  });
});

Deno.test("chooseWay() masquerades where answers would not come back through us", () => {
  const table: readonly [string, Partial<WayFacts>][] = [
    ["192.168.9.7:80", { source: "192.168.9.2" }],
    ["10.50.0.1:80", { source: "10.77.0.1" }],
    ["10.9.0.1:80", { source: "10.9.0.2" }],
    ["10.50.0.1:80", { source: undefined }],
    ["10.77.0.2:80", { internal: { address: "0.0.0.0", port: 1 } }],
    ["10.77.0.2:80", { masquerade: "always" }],
  ];
  for (const [target, changes] of table) {
    const way = choose(target, changes);
    assert.equal(way.kind === "dnat" && way.masquerade, "always", `${target} ${JSON.stringify(changes)}`);
  }
  const never = choose("192.168.9.7:80", { source: "192.168.9.2", masquerade: "never" });
  assert.equal(never.kind === "dnat" && never.masquerade, "never");
});

Deno.test("chooseWay() needs forwarding for other hosts only", () => {
  assert.throws(() => choose("10.77.0.2:80", { isForwardingOn: false }), {
    code: "nft_no_forwarding",
    message: /net\.ipv4\.ip_forward=1/,
  });
  const internal = parseEndpoint("[2001:db8:9::2]:20123");
  assert.throws(() => choose("[2001:db8:1::2]:80", { internal, isForwardingOn: false }), { message: /ipv6/ });
  assert.equal(choose("10.77.0.1:80", { isForwardingOn: false }).kind, "dnat");
  assert.equal(choose("127.0.0.1:80", { isForwardingOn: false }).kind, "dnat");
});

Deno.test("chooseWay() sends loopback targets to the internal address where somebody hears them", () => {
  const moved = { kind: "dnat", to: { address: "192.168.9.2", port: 80 }, masquerade: "never" };
  for (const listener of ["0.0.0.0:80", "[::]:80", "192.168.9.2:80", "127.0.0.1:81"]) {
    assert.deepEqual(choose("127.0.0.1:80", { listeners: [parseEndpoint(listener)] }), moved, listener);
  }
  const listeners = [parseEndpoint("127.0.0.1:80")];
  assert.throws(() => choose("127.0.0.1:80", { listeners }), {
    code: "nft_unsupported",
    message: /loopback only/,
  });
  const direct = { kind: "dnat", to: { address: "127.0.0.1", port: 80 }, masquerade: "never" };
  assert.deepEqual(choose("127.0.0.1:80", { listeners, routesLoopback: true }), direct);
  const anywhere = { internal: { address: "0.0.0.0", port: 20_123 } };
  assert.deepEqual(choose("127.0.0.1:80", anywhere), { kind: "redirect", port: 80 });
});

Deno.test("chooseWay() refuses loops and what the kernel cannot translate", () => {
  for (const target of ["192.168.9.2:20123", "127.0.0.1:20123"]) {
    assert.throws(() => choose(target), { code: "forward_loop" }, target);
  }
  assert.throws(() => choose("10.77.0.1:20123", { internal: { address: "0.0.0.0", port: 20_123 } }), {
    code: "forward_loop",
  });
  assert.equal(choose("10.77.0.1:20123").kind, "dnat", "another address of ours is no loop");
  assert.throws(() => choose("[2001:db8::1]:80"), {
    code: "nft_unsupported",
    message: /between IPv4 and IPv6/,
  });
});
